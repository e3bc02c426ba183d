"""The local HubSpot in a browser: lists, record pages with our property group, and forms to act as one of its users.

    application(hubspot)    a WSGI application for everything that is no API; nothing here ever calls the app
    blueprint(hubspot)      the same as a blueprint, for a Flask application that exists already

Pages live where HubSpot's own links lead: ``/contacts/<portal>/record/<type id>/<record>``.
"""

from __future__ import annotations

from flask import Flask

from tests.sandbox import crm
from tests.sandbox.pages.views import blueprint

__all__ = ["application", "blueprint"]


def application(hubspot: crm.HubSpot) -> Flask:
    """All pages over one local HubSpot; needs no secret, no database and no network."""
    app = Flask("tests.sandbox.pages", static_folder=None)
    app.register_blueprint(blueprint(hubspot))
    return app
