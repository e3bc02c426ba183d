"""Probes, for the operator's tools."""

from typing import TYPE_CHECKING

import requests

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.world import World


def test_probes_answer(world: "World") -> None:
    assert requests.get(f"{world.url}/healthz", timeout=PATIENCE).json() == {"status": "ok"}
    assert requests.get(f"{world.url}/readyz", timeout=PATIENCE).json() == {
        "database": "ok",
        "queue": "ok",
    }
