import base64
import hmac
import time
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from integration.core.environment import Settings
from integration.core.wake_ups import Notifier, Queue
from integration.ingest import intake
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from webhooks import receiver

ADDRESS = "http://127.0.0.1:8000/webhooks/hubspot"


@pytest.fixture
def client(runtime: Runtime, postgres_url: str) -> Iterator[FlaskClient]:
    inbox_writer = InboxWriter(postgres_url)
    inbox_writer.open()
    app = Flask(__name__)
    bell = Notifier(runtime.queue)
    app.register_blueprint(receiver.blueprint(runtime, inbox_writer, bell))
    app.extensions["bell"] = bell
    yield app.test_client()
    silent = bell.wait_until_idle()
    inbox_writer.close()
    assert silent


def signed(body: bytes, *, secret: str, query: str = "", off: int = 0) -> dict[str, str]:
    stamp = str(int(time.time() * 1000) + off)
    said = b"POST" + (ADDRESS + query).encode() + body + stamp.encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), said, "sha256")).decode()
    return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}


def inbox(runtime: Runtime) -> list[tuple[int | None, bytes]]:
    with runtime.database.service() as tx:
        return [
            (row["portal_id"], bytes(row["body"]))
            for row in tx.rows("SELECT portal_id, body FROM inbox ORDER BY inbox_id")
        ]


def test_a_signed_delivery_is_kept_as_it_came(
    client: FlaskClient, runtime: Runtime, settings: Settings
) -> None:
    body = b'[{"portalId": 4711, "x": "\xc3\xa9"},  {"portalId":4711}]'
    answer = client.post(
        "/webhooks/hubspot", data=body, headers=signed(body, secret=settings.client_secret)
    )
    assert answer.status_code == 204
    assert inbox(runtime) == [(4711, body)]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b"not json", None),
        (b"", None),
        (b"[" * 100_000, None),
        (b'{"portalId": 1}', None),
        (b'[{"portalId": 1}, {"portalId": 2}]', None),
        (b'[{"portalId": "1"}]', None),
        (b'[{"portalId": 9223372036854775808}]', None),
        (b'[{"portalId": -5}]', None),
        (b'[{"portalId": NaN}]', None),
        (b'[{"portalId": 1, "a": "\\u0000\\ud800"}]', None),
        (b'\xff\xfe[{"portalId": 1}]', None),
        (b'[{"portalId": 1, "portalId": 1}]', 1),
    ],
)
def test_what_we_cannot_read_is_kept_all_the_same(
    client: FlaskClient, runtime: Runtime, settings: Settings, body: bytes, hint: int | None
) -> None:
    answer = client.post(
        "/webhooks/hubspot", data=body, headers=signed(body, secret=settings.client_secret)
    )
    assert answer.status_code == 204
    assert inbox(runtime) == [(hint, body)]


def test_a_forgery_is_refused_and_leaves_nothing(
    client: FlaskClient, runtime: Runtime, settings: Settings
) -> None:
    body = b'[{"portalId": 4711}]'
    good = signed(body, secret=settings.client_secret)
    refused = [
        client.post("/webhooks/hubspot", data=body),
        client.post("/webhooks/hubspot", data=body, headers=signed(body, secret="wrong")),
        client.post("/webhooks/hubspot", data=body[:-1], headers=good),
        client.post("/webhooks/hubspot?a=1", data=body, headers=good),
        client.post(
            "/webhooks/hubspot",
            data=body,
            headers=signed(body, secret=settings.client_secret, off=-301_000),
        ),
        client.post(
            "/webhooks/hubspot",
            data=body,
            headers=signed(body, secret=settings.client_secret, off=301_000),
        ),
        client.post("/webhooks/hubspot", data=body, headers={"X-HubSpot-Signature": "ab"}),
    ]
    assert [answer.status_code for answer in refused] == [401] * len(refused)
    assert inbox(runtime) == []


def test_the_address_is_the_configured_one_whatever_host_is_claimed(
    client: FlaskClient, settings: Settings
) -> None:
    body = b"[]"
    headers = {
        **signed(body, secret=settings.client_secret),
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
    }
    assert client.post("/webhooks/hubspot", data=body, headers=headers).status_code == 204


def test_over_a_megabyte_is_too_large_with_and_without_a_length(
    client: FlaskClient, settings: Settings
) -> None:
    body = b"[" + b" " * receiver.MAX_BYTES + b"]"
    headers = signed(body, secret=settings.client_secret)
    assert client.post("/webhooks/hubspot", data=body, headers=headers).status_code == 413


def test_no_database_is_an_honest_503(runtime: Runtime, settings: Settings) -> None:
    inbox_writer = InboxWriter("postgresql://nobody@127.0.0.1:9/nothing")
    app = Flask(__name__)
    app.register_blueprint(receiver.blueprint(runtime, inbox_writer, Notifier(runtime.queue)))
    body = b'[{"portalId": 1}]'
    answer = app.test_client().post(
        "/webhooks/hubspot", data=body, headers=signed(body, secret=settings.client_secret)
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_no_valkey_is_still_a_204(settings: Settings, runtime: Runtime, postgres_url: str) -> None:
    deaf = Runtime(settings, runtime.database, Queue("redis://127.0.0.1:9/0"), runtime.vault)
    inbox_writer = InboxWriter(postgres_url)
    inbox_writer.open()
    app = Flask(__name__)
    bell = Notifier(deaf.queue)
    app.register_blueprint(receiver.blueprint(deaf, inbox_writer, bell))
    body = b'[{"portalId": 1}]'
    answer = app.test_client().post(
        "/webhooks/hubspot", data=body, headers=signed(body, secret=settings.client_secret)
    )
    inbox_writer.close()
    assert bell.wait_until_idle()
    assert answer.status_code == 204
    assert inbox(runtime) == [(1, body)]
    assert deaf.queue.refusals == 1


def test_one_wish_at_a_time_stands_for_a_portal(
    client: FlaskClient, runtime: Runtime, settings: Settings
) -> None:
    body = b'[{"portalId": 4711}]'
    for _ in range(5):
        client.post(
            "/webhooks/hubspot", data=body, headers=signed(body, secret=settings.client_secret)
        )
    assert client.application.extensions["bell"].wait_until_idle()
    assert runtime.queue.redis.llen("rq:queue:second-order") == 1


def test_the_receivers_role_may_knock_and_not_look_around(postgres_url: str, clean: None) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SET ROLE second_order_app")
        connection.execute("INSERT INTO inbox (portal_id, body) VALUES (4711, 'x')")
        assert connection.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize("body", [b"[]", b"null", b'[{"portalId":1},{"portalId":1}]'])
def test_a_hint_is_only_given_when_it_is_sure(body: bytes) -> None:
    assert intake.portal_hint(body) in {None, 1}


def test_a_byte_order_mark_hides_no_portal() -> None:
    assert intake.portal_hint(b'\xef\xbb\xbf[{"portalId": 4711}]') == 4711
