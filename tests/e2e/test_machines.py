"""Probes and metrics, for the operator's tools."""

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from tests.world import World


def test_probes_and_metrics_answer(world: "World") -> None:
    with world.harbor.crm.silently():
        world.harbor.crm.create("contact", {"email": "canary@acme.example"})
    world.install(world.harbor)
    world.settle()
    assert requests.get(f"{world.url}/healthz", timeout=5).json() == {"status": "ok"}
    assert requests.get(f"{world.url}/readyz", timeout=5).json() == {
        "database": "ok",
        "queue": "ok",
    }
    said = requests.get(f"{world.url}/metrics", timeout=5).text
    assert 'second_order_import_records{portal="4711",stream="records:contact"} 1.0' in said
    assert 'second_order_waiting{kind="outbox",portal="4711"} 0.0' in said
    assert "canary" not in said
