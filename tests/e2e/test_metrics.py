"""Metrics: each series once, portals by number only for those who may know them."""

import base64
import contextlib
import dataclasses
import hmac
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from integration.core.servers import free_port

if TYPE_CHECKING:
    from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
TOKEN, SECRET = "a-token-of-the-operator", "a-client-secret-for-tests"
Labels = tuple[tuple[str, str], ...]


def series(text: str) -> dict[tuple[str, Labels], float]:
    """All samples of a page by name and labels; a page that tells one twice is refused."""
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    told = Counter((one.name, tuple(sorted(one.labels.items()))) for one in samples)
    assert [key for key, times in told.items() if times > 1] == []
    heads = Counter(line for line in text.splitlines() if line.startswith("# TYPE"))
    assert [head for head, times in heads.items() if times > 1] == []
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}


def labels(found: dict[tuple[str, Labels], float]) -> set[str]:
    return {name for _, pairs in found for name, _ in pairs}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def busy(world: "World") -> "World":
    """Two portals with three and one contacts imported, and one row of harbor's set aside."""
    world.runtime.settings = dataclasses.replace(world.runtime.settings, metrics_token=TOKEN)
    for account, count in ((world.harbor, 3), (world.orchard, 1)):
        with account.crm.silently():
            for number in range(count):
                account.crm.create("contact", {"email": f"canary{number}@acme.example"})
        world.install(account)
    world.settle()
    with world.runtime.database.portal(4711) as tx:
        tx.run(
            "INSERT INTO inbox (portal_id, source, body, state) VALUES (:portal, 'hubspot', 'x', 'set_aside')"
        )
    return world


def test_anybody_is_told_sums_and_no_portal(busy: "World") -> None:
    text = requests.get(f"{busy.url}/metrics", timeout=5).text
    found = series(text)

    assert "portal" not in labels(found)
    assert not {"4711", "4712"} & {value for _, pairs in found for _, value in pairs}
    assert "canary" not in text
    assert found["second_order_import_records", (("stream", "records:contact"),)] == 4
    assert found["second_order_waiting", (("kind", "set_aside"),)] == 1
    assert ("second_order_notifications_total", (("answer", "stored"),)) in found


def test_with_the_token_portals_are_named(busy: "World") -> None:
    found = series(requests.get(f"{busy.url}/metrics", headers=bearer(TOKEN), timeout=5).text)

    contacts = ("stream", "records:contact")
    assert found["second_order_import_records", (("portal", "4711"), contacts)] == 3
    assert found["second_order_import_records", (("portal", "4712"), contacts)] == 1
    assert found["second_order_waiting", (("kind", "set_aside"), ("portal", "4711"))] == 1
    assert found["second_order_waiting", (("kind", "set_aside"), ("portal", "4712"))] == 0


@pytest.mark.parametrize("sent", ["another-token-altogether", "", TOKEN + "x", "tökén"])
def test_a_wrong_token_is_refused_with_a_sentence(busy: "World", sent: str) -> None:
    headers = {"Authorization": f"Bearer {sent}".encode()}
    answer = requests.get(f"{busy.url}/metrics", headers=headers, timeout=5)

    assert answer.status_code == 401
    assert "not the token of METRICS_TOKEN" in answer.text
    assert "second_order_" not in answer.text


def test_where_no_token_is_set_none_fits(world: "World") -> None:
    assert requests.get(f"{world.url}/metrics", headers=bearer(""), timeout=5).status_code == 401
    assert requests.get(f"{world.url}/metrics", headers=bearer(TOKEN), timeout=5).status_code == 401
    assert (
        requests.get(f"{world.url}/metrics", auth=("a-proxy's", "login"), timeout=5).status_code
        == 200
    )


@dataclasses.dataclass(frozen=True)
class Web:
    """A running ``second-order web`` of two processes, with an address for metrics."""

    url: str
    inside: str

    def deliver(self) -> int:
        """One signed delivery on a connection of its own, so that either process may take it."""
        body, stamp = b'[{"portalId": 4711}]', str(int(time.time() * 1000))
        said = f"POST{self.url}/webhooks/hubspot".encode() + body + stamp.encode()
        headers = {
            "X-HubSpot-Signature-v3": base64.b64encode(
                hmac.digest(SECRET.encode(), said, "sha256")
            ).decode(),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        return requests.post(
            f"{self.url}/webhooks/hubspot", body, headers=headers, timeout=5
        ).status_code


@pytest.fixture
def web(clean: None, postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[Web]:
    port, inside = free_port(), free_port()
    with psycopg.connect(postgres_url) as owner:
        owner.execute("INSERT INTO portal (portal_id) VALUES (4711), (4712)")
    environment = {
        **os.environ, "DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path),
        "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "HUBSPOT_CLIENT_SECRET": SECRET,
        "LOG_LEVEL": "ERROR", "WEB_PROCESSES": "2", "METRICS_ADDRESS": f"127.0.0.1:{inside}",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "commands", "web"], cwd=ROOT, env=environment)
    own = Web(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{inside}")
    try:
        for url in (f"{own.url}/healthz", f"{own.inside}/metrics"):
            _wait_for(url)
        yield own
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=5).ok:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_two_web_processes_tell_one_page_and_name_portals_at_the_address_for_metrics(
    web: Web,
) -> None:
    assert {web.deliver() for _ in range(24)} == {204}
    stored = ("second_order_notifications_total", (("answer", "stored"),))

    for _ in range(8):  # whichever process answers
        outside = series(requests.get(f"{web.url}/metrics", timeout=10).text)
        assert outside[stored] == 24
        assert outside["second_order_waiting", (("kind", "inbox"),)] == 24
        assert labels(outside) <= {"kind", "stream", "answer"}

        inside = series(requests.get(f"{web.inside}/metrics", timeout=10).text)
        assert inside[stored] == 24
        assert inside["second_order_waiting", (("kind", "inbox"), ("portal", "4711"))] == 24
        assert inside["second_order_waiting", (("kind", "inbox"), ("portal", "4712"))] == 0

    assert requests.get(f"{web.inside}/healthz", timeout=5).status_code == 404, (
        "nothing else is answered there"
    )
