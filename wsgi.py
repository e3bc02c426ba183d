"""The web process: opens the runtime, joins the blueprints; any WSGI server can run `wsgi:app`."""

import atexit

from flask import Flask, Request
from flask.sessions import SessionInterface

from integration.core import environment, logs
from integration.core.vault import Vault
from integration.core.wake_ups import Notifier, Queue
from integration.pages import blueprints, guard
from integration.pages.charts import drawing
from integration.pages.public_address import PublicAddress
from integration.portal import runtime
from integration.portal.runtime import Runtime
from integration.storage.database import Database
from integration.storage.queue.inbox_writer import InboxWriter
from webhooks import inbound_api, metrics, receiver, usage_api


class _NoSessions(SessionInterface):
    """No sessions of Flask's: its cookie would cost every delivery; pages look up rows of ours."""

    def open_session(self, app: Flask, request: Request) -> None:  # noqa: ARG002 - Flask's signature
        """Return nothing, so that Flask makes a session that refuses to be used."""
        return


def create_app(own: Runtime, inbox_writer: InboxWriter) -> Flask:
    """Build the web application around an open runtime."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=own.settings.secret_key,
        MAX_CONTENT_LENGTH=receiver.MAX_BYTES,
        SESSION_COOKIE_SECURE=own.settings.public_url.startswith("https://"),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = _NoSessions()
    app.register_blueprint(receiver.blueprint(own, inbox_writer, Notifier(own.queue)))
    app.register_blueprint(inbound_api.blueprint(own, inbox_writer))
    app.register_blueprint(usage_api.blueprint(own, inbox_writer))
    app.register_blueprint(metrics.blueprint(own))
    blueprints.register(app, own)
    app.wsgi_app = PublicAddress(  # type: ignore[method-assign]  # Flask's own way of wrapping
        app.wsgi_app, own.settings.public_url, unchecked=guard.MACHINE_PATHS
    )
    return app


def open_app() -> Flask:
    """Open what this process needs, as the environment says; connect before the first request."""
    own_settings = environment.load()
    logs.configure(own_settings.log_level)
    logs.catch_uncaught()
    database_url, redis_url = runtime.urls(own_settings)
    own = Runtime(
        own_settings, Database(database_url), Queue(redis_url), Vault(own_settings.token_keys)
    )
    inbox_writer = InboxWriter(database_url)
    inbox_writer.open()
    atexit.register(inbox_writer.close)
    if own_settings.metrics_address:
        metrics.listen(own, own_settings.metrics_address)
    drawing.warm_up()
    return create_app(own, inbox_writer)


def __getattr__(name: str) -> Flask:
    """Build ``app`` when a server asks for it, so that importing this module opens nothing."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = open_app()
    app: Flask = globals()["app"]
    return app
