"""People talk to us: install, sign in, what was found, sync health, settings."""

from flask import Flask

from integration.pages import entry, guard, portal, records, review, settings, words
from integration.runtime import Runtime


def join(app: Flask, runtime: Runtime) -> None:
    """Add the pages, their words, their error pages, and the headers of every answer."""
    guard.protect(app, runtime)
    words.teach(app)
    app.register_blueprint(entry.blueprint(runtime))
    app.register_blueprint(portal.blueprint(runtime))
    app.register_blueprint(records.blueprint(runtime))
    app.register_blueprint(review.blueprint(runtime))
    app.register_blueprint(settings.blueprint(runtime))
