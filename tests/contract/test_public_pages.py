"""Help, privacy and terms: for everybody, linked from every page, and true."""

from dataclasses import replace

import pytest

import wsgi
from integration.pages import privacy_notice
from integration.storage.database import Database
from integration.storage.queue.inbox_writer import InboxWriter
from mappings.kinds import ObjectType
from mappings.records import activity_records
from mappings.records.catalogue import own_names, own_properties
from mappings.records.what_is_read import READ
from tests.contract.visiting import HARBOR, ORCHARD, Town
from tests.world import World

PUBLIC = ("/help", "/privacy", "/terms")


@pytest.mark.parametrize("path", PUBLIC)
def test_the_page_is_there_for_everybody(town: Town, path: str) -> None:
    stranger = town.visitor().get(path)

    assert stranger.status_code == 200
    assert "<h1>" in stranger.text
    assert "Sign out" not in stranger.text
    assert f'href="{path}" aria-current="page"' in stranger.text


@pytest.mark.parametrize("path", PUBLIC)
def test_who_is_signed_in_keeps_the_navigation_there(town: Town, path: str) -> None:
    visitor = town.visitor()
    visitor.install()

    assert f'href="/portals/{HARBOR}/review"' in visitor.get(path).text


def test_every_page_links_to_them(town: Town) -> None:
    visitor = town.visitor()
    visitor.install()
    own = ("", "health", "settings", "settings/versions", "setup", "review", "uninstall")

    for path in ("/", "/nowhere", *PUBLIC, *(f"/portals/{HARBOR}/{page}" for page in own)):
        page = visitor.get(path).text
        for public in PUBLIC:
            assert f'href="{public}"' in page, (path, public)


def test_the_front_page_leads_to_what_is_read_and_to_help(town: Town) -> None:
    page = town.visitor().get("/").text
    main = page[page.index("<main") : page.index("</main>")]

    assert 'href="/privacy#read"' in main
    assert 'href="/help"' in main


def test_help_names_the_fields_of_a_report_as_hubspot_shows_them(town: Town) -> None:
    page = town.visitor().get("/help").text
    named = {prop.label for prop in own_properties("deal") if f"<i>{prop.label}</i>" in page}

    assert len(named) == 2


def test_privacy_lists_every_property_reason_and_time(town: Town) -> None:
    page = town.visitor().get("/privacy").text

    for section in privacy_notice.sections():
        for line in section.lines:
            assert all(f"<code>{name}</code>" in page for name in line.names)
    assert "with the record" in page
    assert "3 years from its date" in page
    assert "For 3 years a keyed hash" in page
    assert "crm.objects.deals.read" in page


def test_who_is_signed_in_sees_which_properties_of_their_own_account_are_read(town: Town) -> None:
    town.harbor.define_property("contact", "referred_by", label="Referred by")
    visitor, other = town.visitor(), town.visitor()
    visitor.install()
    other.install(ORCHARD)

    assert "<code>referred_by</code>" in visitor.get("/privacy").text
    for stranger in (other, town.visitor()):
        assert "<code>referred_by</code>" not in stranger.get("/privacy").text


def test_nothing_is_asked_of_hubspot_that_privacy_does_not_list(world: World) -> None:
    crm = world.harbor.crm
    with crm.silently():
        for kind in (*ObjectType, *activity_records.TYPES):
            crm.create(kind, {})
    world.install(world.harbor)
    world.settle()

    told = {
        name
        for section in privacy_notice.sections()
        for line in section.lines
        for name in line.names
    }
    with world.harbor.context() as portal:
        named = {name for kind in READ for name in portal.map.read_properties(kind)}
    asked = {name for kind, names in crm.asked.items() for name in names - set(own_names(kind))}
    assert len(asked) > 60
    assert asked - named <= told
    assert named <= told


def test_who_runs_the_service_is_named(town: Town) -> None:
    plain = town.visitor().get("/privacy").text
    assert "whoever gave you this address" in plain
    settings = replace(
        town.runtime.settings, operator_name="Harbor <Ltd>", operator_contact="crm@harbor.example"
    )
    app = wsgi.create_app(
        replace(town.runtime, settings=settings), InboxWriter(settings.database_url or "")
    )

    for path in PUBLIC:
        page = app.test_client().get(path, base_url=town.origin).text
        assert 'href="mailto:crm@harbor.example"' in page, path
        assert "Harbor <Ltd>" not in page
    assert "run by Harbor &lt;Ltd&gt;" in page


def test_they_are_there_while_the_database_is_away(town: Town) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere", pool_size=1)
    app = wsgi.create_app(
        replace(town.runtime, database=away), InboxWriter("postgresql://nobody@127.0.0.1:1/nowhere")
    )
    client = app.test_client()
    client.set_cookie("session", "x" * 43, domain="127.0.0.1")

    for path in PUBLIC:
        assert client.get(path, base_url=town.origin).status_code == 200, path
    away.close()
