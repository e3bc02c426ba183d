"""Links and redirects stay on PUBLIC_URL, whatever a proxy or a stranger calls us."""

from collections.abc import Iterator

import pytest

from integration.portal.runtime import Runtime
from tests.contract.visiting import HARBOR, Town, opened

PUBLIC = "https://app.example.org"
PROXIES = ("127.0.0.1:8000", "[::1]:8000", "localhost:8000", "backend", "web:8000", "web.internal",
           "app.example.org", "APP.example.org:443", "app.example.org.", "10.0.0.7")  # fmt: skip
STRANGERS = ("evil.example", "evil.example:443", "app.example.org.evil.example", "evil-app.example.org",
             "evil.example, app.example.org", "app.example.org@evil.example", "evil.example#app.example.org",
             "app.example.org evil.example", "127.0.0.1.evil.example", "a/b.example")  # fmt: skip


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    """The app behind a proxy that ends TLS."""
    with opened(runtime, public_url=PUBLIC) as built:
        yield built


@pytest.mark.parametrize("host", PROXIES)
def test_a_redirect_leads_to_the_public_address(town: Town, host: str) -> None:
    answer = town.app.test_client().get(f"/portals/{HARBOR}", headers={"Host": host})

    assert (answer.status_code, answer.headers["Location"]) == (308, f"{PUBLIC}/portals/{HARBOR}/")


@pytest.mark.parametrize("host", STRANGERS)
@pytest.mark.parametrize(
    "path", [f"/portals/{HARBOR}", "/", "/install", "/signin", "/assets/site.css"]
)
def test_a_strangers_host_gets_no_page_and_no_redirect(town: Town, path: str, host: str) -> None:
    answer = town.app.test_client().get(
        path, headers={"Host": host, "X-Forwarded-Host": "app.example.org"}
    )

    assert answer.status_code == 421
    assert "Location" not in answer.headers
    assert "evil" not in answer.text
    assert f"Open {PUBLIC} instead" in answer.text


def test_a_forwarded_host_is_not_believed(town: Town) -> None:
    answer = town.app.test_client().get(
        f"/portals/{HARBOR}", headers={"Host": "web:8000", "X-Forwarded-Host": "evil.example"}
    )

    assert answer.headers["Location"].startswith(f"{PUBLIC}/")


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", ""])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_under_any_name(town: Town, path: str, host: str) -> None:
    """A load balancer asks for a number, or for no host at all."""
    assert town.app.test_client().get(path, headers={"Host": host}).status_code == 200


def test_a_delivery_is_checked_by_its_signature_and_not_by_its_host(town: Town) -> None:
    answer = town.app.test_client().post("/webhooks/hubspot", headers={"Host": "evil.example"})

    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["web:8000", "127.0.0.1:8000", "app.example.org"])
@pytest.mark.parametrize(
    "page", [f"/portals/{HARBOR}/deal/7", f"/portals/{HARBOR}/review?kind=move&limit=5"]
)
def test_signing_in_returns_to_the_page_whatever_host_the_proxy_names(
    town: Town, host: str, page: str
) -> None:
    client = town.app.test_client()
    sent = {"Host": host, "Referer": f"{PUBLIC}{page}"}

    assert client.get("/signin", headers=sent).status_code == 302

    assert next_path(town) == page


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/portals/4711/", "https://app.example.org.evil.example/portals/4711/",
     "https://app.example.org:8443/portals/4711/", "http://app.example.org/portals/4711/", "web:8000/portals/4711/",
     "https://app.example.org//evil.example", "https://app.example.org"],
)  # fmt: skip
def test_a_page_that_is_not_ours_is_not_returned_to(town: Town, referer: str) -> None:
    town.app.test_client().get("/signin", headers={"Host": "web:8000", "Referer": referer})

    assert next_path(town) is None


def next_path(town: Town) -> str | None:
    """Where the visitor who left last is to be sent."""
    with town.runtime.database.service() as tx:
        found: str | None = tx.value(
            "SELECT next_path FROM oauth_state ORDER BY made_at DESC LIMIT 1"
        )
    return found
