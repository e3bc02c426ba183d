"""Settings are seen before they are saved: the page between the form and the new version."""

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

import pytest
from werkzeug.test import TestResponse

from integration.portal import settings
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import bookkeeping
from integration.storage.ledger import period_rows
from integration.storage.service import portals
from tests.contract.test_pages_settings import SETTINGS, form_on
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, opened


@pytest.fixture
def town(runtime: Runtime) -> Iterator[Town]:
    with opened(runtime) as built:
        yield built


@pytest.fixture
def ada(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    with town.runtime.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            portals.stamp(tx, portal_id, "imported_at")
    return visitor


def carried_by(page: TestResponse) -> dict[str, str]:
    """What the Save button of the preview sends on."""
    hidden = re.findall(r'<textarea hidden name="(\w+)">\n?([^<]*)</textarea>', page.text)
    return {name: unescape(text) for name, text in hidden}


def version(town: Town, portal_id: int = HARBOR) -> int:
    with town.runtime.database.portal(portal_id) as tx:
        return settings.read(tx).version


def test_the_form_leads_to_a_preview_and_saves_nothing(town: Town, ada: Visitor) -> None:
    form = form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example\nb.example", "preview": "yes"}

    page = ada.press(SETTINGS, form)

    assert page.status_code == 200
    assert "nothing is saved yet" in page.text
    assert "your own domains" in page.text.casefold()
    assert "a.example, b.example" in page.text
    assert version(town) == 1


def test_the_previews_save_button_saves_what_was_typed(town: Town, ada: Visitor) -> None:
    form = form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example\nb.example", "preview": "yes"}
    page = ada.press(SETTINGS, form)

    saved = ada.press(SETTINGS, carried_by(page))

    assert saved.status_code == 303
    assert (version(town), version(town, ORCHARD)) == (2, 1)
    with town.runtime.database.portal(HARBOR) as tx:
        assert settings.read(tx).map.staff_domains == ("a.example", "b.example")


def test_who_goes_back_finds_the_form_as_typed(town: Town, ada: Visitor) -> None:
    form = form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example", "preview": "yes"}
    page = ada.press(SETTINGS, form)

    back = ada.press(SETTINGS, carried_by(page) | {"edit": "yes"})

    assert form_on(back)["staff_domains"].strip() == "a.example"
    assert version(town) == 1


def test_what_somebody_typed_is_shown_as_text(ada: Visitor) -> None:
    form = form_on(ada.get(SETTINGS)) | {"staff_domains": "<b>x</b>", "preview": "yes"}

    page = ada.press(SETTINGS, form)

    assert "<b>x</b>" not in page.text
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


def test_an_earlier_version_is_previewed_then_restored(town: Town, ada: Visitor) -> None:
    ada.press(SETTINGS, form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example"})
    versions = ada.get(f"{SETTINGS}/versions")
    assert "counts now" in versions.text
    assert "a.example" in versions.text

    form = {"number": "1", "seen": "2", "preview": "yes"}
    page = ada.press(f"{SETTINGS}/versions/restore", form)
    assert "Let version 1 count again" in page.text
    assert version(town) == 2
    restored = ada.press(f"{SETTINGS}/versions/restore", carried_by(page))

    assert restored.status_code == 303
    assert (version(town), version(town, ORCHARD)) == (3, 1)
    assert "As version 1." in ada.get(f"{SETTINGS}/versions").text


def test_two_versions_are_compared(ada: Visitor) -> None:
    ada.press(SETTINGS, form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example"})

    page = ada.get(f"{SETTINGS}/versions?first=1&second=2")

    assert "<th>Version 1</th><th>Version 2</th>" in page.text
    assert "<td>a.example</td>" in page.text


def test_history_is_judged_by_a_page_only_with_a_reason(town: Town, ada: Visitor) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        month = date(2026, 1, 1)
        bookkeeping.close(portal, month, actor="ana", reason="reported")
    ada.press(SETTINGS, form_on(ada.get(SETTINGS)) | {"staff_domains": "a.example"})
    assert "judging history by it" in ada.get(f"{SETTINGS}/versions").text
    act = f"{SETTINGS}/versions/judge-history"

    refused = ada.press(act, {"number": "2", "reason": " ", "preview": "yes"})
    page = ada.press(act, {"number": "2", "reason": "the board asked", "preview": "yes"})
    done = ada.press(act, carried_by(page))

    assert (refused.status_code // 100, done.status_code) == (4, 303)
    with town.runtime.database.portal(HARBOR) as tx:
        assert period_rows.history_versions(tx) == {2}
    assert "judging history by it" not in ada.get(f"{SETTINGS}/versions").text
