"""The table of text sources: what a portal's map, its readers and the settings page make of a row."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mappings.records import text_sources
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.records.readers import contact_facts
from mappings.records.rows import Record
from mappings.records.text_sources import REFERRALS, SOURCES, TextSource
from mappings.rules.facts import MappedText, TextKind
from mappings.rules.job_changes import employments, signals
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import a_contact, the_companies

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
BADGE = TextSource(
    "badge_property",
    "contact",
    TextKind.REFERRER,
    REFERRALS,
    "Contact property with the badge that was scanned.",
    reason='the badge of "{said}" was scanned',
)


def a_record(**properties: str) -> Record:
    return Record("contact", 1, properties, {}, CREATED, CREATED, archived=False, links=())


def test_every_setting_is_one_row() -> None:
    assert len({source.setting for source in SOURCES}) == len(SOURCES)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.setting)
def test_every_row_is_stored_under_its_setting_and_read_from_there(source: TextSource) -> None:
    names = ("first_field", "second_field") if source.takes_several else ("first_field",)
    harbor = PortalMap(texts={source.setting: names})

    assert dump_portal_map(harbor)[source.setting] == (
        list(names) if source.takes_several else "first_field"
    )
    assert load_portal_map(dump_portal_map(harbor)) == harbor
    assert set(names) <= set(harbor.read_properties(source.object_type))
    assert ("first_field" in harbor.history_properties(source.object_type)) is source.has_history


def test_that_somebody_left_is_worded_by_the_row() -> None:
    (left,) = (source for source in SOURCES if source.kind is TextKind.LEFT)
    note = replace(left, reason='"{said}" was written of their time at {company}').text(
        "gone for good"
    )
    (stint,) = employments.of_record(
        a_contact(email="priya@acme.example", texts=(note,)), the_companies()
    )

    (signal,) = signals.departed(stint, the_companies(), DEFAULT)

    assert signal.reason.text == '"gone for good" was written of their time at Acme'


def test_a_further_row_is_known_only_for_a_while() -> None:
    with text_sources.with_more(BADGE):
        harbor = load_portal_map({"badge_property": "badge"})
        facts = contact_facts(a_record(badge="Maria Lopez"), harbor)

    assert facts.texts == (
        MappedText("Maria Lopez", TextKind.REFERRER, place="badge", reason=BADGE.reason),
    )
    assert "badge" in harbor.texts["badge_property"]
    assert text_sources.known() == SOURCES
    assert load_portal_map({"badge_property": "badge"}) == PortalMap()


def test_a_portal_without_the_property_has_no_such_text() -> None:
    with text_sources.with_more(BADGE):
        orchard = load_portal_map({})

        assert contact_facts(a_record(badge="Maria Lopez"), orchard).texts == ()
        assert dump_portal_map(orchard)["badge_property"] is None
