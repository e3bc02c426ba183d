"""The receiver's rivals, each a Flask application under the same server with the same settings.

bare reads the body and answers 204. minimal checks the signature and inserts one row. naive does
what is written first: the standard library's JSON, a row per event through SQLAlchemy, a job per
request.
"""

import hmac
import json
import os
import time
from base64 import b64decode
from typing import Any

import redis
import rq
import sqlalchemy
from flask import Flask, request
from psycopg_pool import ConnectionPool
from sqlalchemy.dialects.postgresql import JSONB, insert

from webhooks.signature import is_signed

PATH = "/webhooks/hubspot"
_EVENTS = sqlalchemy.Table(
    "bench_event",
    sqlalchemy.MetaData(),
    sqlalchemy.Column("event_id", sqlalchemy.BigInteger, primary_key=True),
    sqlalchemy.Column("occurred_at", sqlalchemy.BigInteger, primary_key=True),
    sqlalchemy.Column("payload", JSONB),
)


def tables(url: str) -> None:
    """Make the rivals' own tables: nothing but what they need."""
    engine = sqlalchemy.create_engine(_driver_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS bench_raw, bench_event")
        connection.exec_driver_sql(
            "CREATE TABLE bench_raw"
            " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL)"
        )
        connection.exec_driver_sql("ALTER TABLE bench_raw ALTER COLUMN body SET STORAGE EXTERNAL")
        _EVENTS.create(connection)
    engine.dispose()


def _bare() -> Flask:
    app = Flask("bare")

    @app.post(PATH)
    def receive() -> tuple[str, int]:
        request.get_data(
            cache=False
        )  # else the server closes the connection behind every larger delivery
        return "", 204

    return app


def _minimal() -> Flask:
    app = Flask("minimal")
    url = os.environ["DATABASE_URL"]
    pool = ConnectionPool(
        url, min_size=1, max_size=8, kwargs={"autocommit": True, "prepare_threshold": 1}, open=True
    )
    secret, uri = (
        os.environ["HUBSPOT_CLIENT_SECRET"].encode(),
        os.environ["PUBLIC_URL"].encode() + PATH.encode(),
    )

    @app.post(PATH)
    def receive() -> tuple[str, int]:
        body = request.get_data(cache=False)
        signed = is_signed(
            secrets=(secret,), method=b"POST", uri=uri, body=body,
            timestamp=request.headers.get("X-HubSpot-Request-Timestamp"),
            signature=request.headers.get("X-HubSpot-Signature-v3"),
            now_ms=int(time.time() * 1000),
        )  # fmt: skip
        if not signed:
            return "", 401
        with pool.connection() as connection:
            connection.execute("INSERT INTO bench_raw (body) VALUES (%s)", (body,))
        return "", 204

    return app


def _naive() -> Flask:
    app = Flask("naive")
    engine = sqlalchemy.create_engine(
        _driver_url(os.environ["DATABASE_URL"]), pool_size=8, max_overflow=0
    )
    queue = rq.Queue("bench", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))
    secret, uri = (
        os.environ["HUBSPOT_CLIENT_SECRET"].encode(),
        os.environ["PUBLIC_URL"].encode() + PATH.encode(),
    )

    @app.post(PATH)
    def receive() -> tuple[str, int]:
        body = request.get_data()
        said = b"POST" + uri + body + request.headers["X-HubSpot-Request-Timestamp"].encode()
        wanted = hmac.new(secret, said, "sha256").digest()
        if not hmac.compare_digest(wanted, b64decode(request.headers["X-HubSpot-Signature-v3"])):
            return "", 401
        events: list[dict[str, Any]] = json.loads(body)
        # The load repeats its bodies: a moment of their own keeps the rows new, as they would be.
        now = time.time_ns()
        rows = [{"event_id": e["eventId"], "occurred_at": now, "payload": e} for e in events]
        with engine.begin() as connection:
            connection.execute(insert(_EVENTS).on_conflict_do_nothing(), rows)
        queue.enqueue("bench.jobs.nothing", events[0]["portalId"])
        return "", 204

    return app


_MAKERS = {"bare": _bare, "minimal": _minimal, "naive": _naive}


def __getattr__(name: str) -> Flask:
    """Build a rival when the server asks for it."""
    if name not in _MAKERS:
        raise AttributeError(name)
    return _MAKERS[name]()


def _driver_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
