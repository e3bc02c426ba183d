"""What texts, notes and first mails say becomes labels and referrals in the rows, and is erased with the person."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from integration.conclude.referrals import labelling
from integration.ingest import activity_touches, sync
from integration.ingest.activity_touches import FetchedActivities
from integration.portal import invalidation
from integration.portal.forgotten import erase
from integration.portal.invalidation import Change
from integration.reports.explain import explain
from integration.reports.explain_words import in_words
from integration.storage.findings import answer_labels
from integration.storage.queue import activity_cursors
from integration.storage.service import erasure
from mappings.records import text_sources
from mappings.records.activity_records import TYPES, Activity
from mappings.records.text_sources import REFERRALS, TextSource
from mappings.rules.facts import TextKind
from mappings.rules.text import self_reported
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    NOW,
    ORCHARD,
    WORDS,
    Clock,
    MirrorPortal,
    day,
)

FURTHER = {"told_properties": ("form_notes",), "deal_told_properties": ("deal_story",)}
MAPPED = replace(WORDS, texts={**WORDS.texts, **FURTHER})


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return _portal(clock, HARBOR)


@pytest.fixture
def orchard(clock: Clock) -> MirrorPortal:
    return _portal(clock, ORCHARD)


def _portal(clock: Clock, portal_id: int) -> MirrorPortal:
    portal = MirrorPortal(clock, portal_id)
    portal.install(MAPPED)
    return furnished(portal)


def furnished(portal: MirrorPortal) -> MirrorPortal:
    """Acme (1) is a customer, where Maria (11) works; Bo (20) at Zenit (2) is on the open deal 9."""
    portal.imported()
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(11, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    portal.deal(5, 1, 11, created=800, won=(700, "1000.00"))
    portal.contact(20, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    portal.deal(9, 2, 20, created=30, amount="5000.00")
    with portal.clock.database.portal(portal.portal_id) as tx:
        activity_cursors.begin(tx, TYPES)
        for kind in TYPES:
            activity_cursors.advance(tx, kind, cursor=None, done=True, records=0, calls=1)
        invalidation.record(tx, Change.TOUCHES_READ, now=NOW)
        activity_cursors.mark_told(tx)
    return portal


def bo_says(portal: MirrorPortal, **texts: str) -> None:
    """What stands on Bo's record, written 60 days ago."""
    dated: dict[str, Any] = {name: [(60, text)] for name, text in texts.items()}
    portal.put(
        "contact",
        20,
        associatedcompanyid=2,
        firstname="Bo",
        lastname="Berg",
        email="bo@zenit-labs.com",
        **dated,
    )


def happen(
    portal: MirrorPortal,
    kind: str,
    days: float,
    contacts: Sequence[int],
    *,
    text: str = "",
    deals: Sequence[int] = (),
    sender: str = "",
) -> None:
    """An activity with these contacts, about these deals."""
    type_ = "email" if kind == "reply" else kind
    one = Activity(
        type_,
        77,
        kind,
        day(days),
        inbound=kind == "reply",
        two_way=kind == "reply",
        text=text,
        sender=sender,
    )
    seen = FetchedActivities(
        {(type_, 77)}, [(one, {"contact": list(contacts), "deal": list(deals)})]
    )
    with portal.clock.database.portal(portal.portal_id) as tx:
        known = sync.known_contacts(tx, seen.contact_ids, keys=KEYS)
        activity_touches.store(tx, seen, known_contacts=known, now=NOW)


def labels(portal: MirrorPortal, owner_type: str, owner_id: int) -> list[tuple[str, str, int]]:
    with portal.clock.database.portal(portal.portal_id) as tx:
        return [
            (one.place, one.label, one.confidence)
            for one in answer_labels.of_records(tx, owner_type, [owner_id])
        ]


def referrals(portal: MirrorPortal) -> list[tuple[str, int, str, int | None]]:
    rows = portal.rows(
        "SELECT owner_type, owner_id, status, referrer_contact_id, body FROM referral ORDER BY 1, 2"
    )
    return [
        (row["body"]["how"], row["owner_id"], row["status"], row["referrer_contact_id"])
        for row in rows
    ]


def test_whom_a_further_text_source_names_is_found_when_they_appear(clock: Clock) -> None:
    badge = TextSource(
        "badge_property", "contact", TextKind.REFERRER, REFERRALS, "Who brought them."
    )
    harbor = MirrorPortal(clock, HARBOR)
    with text_sources.with_more(badge):
        harbor.install(replace(WORDS, texts={"badge_property": ("badge",)}))
        harbor.imported()
        harbor.company(1, "Acme", "acme-tools.com")
        harbor.company(2, "Zenit", "zenit-labs.com")
        harbor.contact(
            20, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com", badge="Maria Lopez"
        )
        harbor.settle()
        assert referrals(harbor) == []

        harbor.contact(11, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
        harbor.settle()

    assert referrals(harbor) == [("named_person", 20, "auto", 11)]


def test_an_answer_is_kept_as_labels_with_the_classifiers_version(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    bo_says(harbor, heard_from="Maria at Acme told us, then I googled you")
    harbor.settle()
    orchard.settle()

    assert labels(harbor, "contact", 20) == [
        ("heard_from", "referral_person", 850_000),
        ("heard_from", "search", 750_000),
    ]
    assert set(harbor.values("told", "version")) == {self_reported.VERSION}
    assert labels(orchard, "contact", 20) == []
    assert orchard.kept("told") == []


def test_any_mapped_property_of_a_contact_or_deal_is_read(harbor: MirrorPortal) -> None:
    bo_says(harbor, form_notes="Maria Lopez sent me")
    harbor.change("deal", 9, deal_story="they heard of us at a conference, from a friend")
    harbor.settle()

    assert ("named_person", 20, "auto", 11) in referrals(harbor)
    assert ("form_notes", "referral_person", 850_000) in labels(harbor, "contact", 20)
    assert ("deal_story", "wom_generic", 750_000) in labels(harbor, "deal", 9)
    assert harbor.said("deal", 9)["second_order_source"] in {"referral", "several"}


def test_a_changed_answer_changes_its_labels_and_an_empty_one_has_none(
    harbor: MirrorPortal,
) -> None:
    bo_says(harbor, heard_from="a friend")
    harbor.settle()
    assert harbor.said("deal", 9)["second_order_source"] == "word_of_mouth"

    bo_says(harbor, heard_from="google")
    harbor.settle()
    assert labels(harbor, "contact", 20) == [("heard_from", "search", 750_000)]
    assert harbor.said("deal", 9)["second_order_source"] == "none"

    bo_says(harbor, heard_from="")
    harbor.settle()
    assert labels(harbor, "contact", 20) == []


def test_word_of_mouth_names_who_heard_and_who_said_it(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="Tom Baker told me about you")
    harbor.settle()

    said = harbor.said("deal", 9)
    assert said["second_order_source"] == "word_of_mouth"
    assert said["second_order_because"].startswith("Bo Berg heard of us from Tom Baker on ")
    assert said["second_order_source_name"] == "Tom Baker (heard by Bo Berg)"
    (source,) = explain(harbor.context, "deal", 9)["sources"]
    assert (source["said_by"], source["contact"], source["company"]) == ("Tom Baker", "Bo Berg", "")

    bo_says(harbor, heard_from="a friend")
    harbor.settle()
    said = harbor.said("deal", 9)
    assert said["second_order_because"].startswith("Bo Berg heard of us by word of mouth on ")
    assert said["second_order_source_name"] == "Word of mouth (heard by Bo Berg)"


def test_of_an_answer_on_a_deal_of_several_people_nobody_is_said_to_have_heard(
    harbor: MirrorPortal,
) -> None:
    bo_says(harbor, heard_from="")
    harbor.contact(21, 2, firstname="Cy", lastname="Ma", email="cy@zenit-labs.com")
    harbor.link("deal", 9, "contact", 21)
    harbor.change("deal", 9, deal_story="Tom Baker told us about you")
    harbor.settle()

    name = harbor.said("deal", 9)["second_order_source_name"]
    assert name == "Tom Baker (heard by somebody on this deal)"


def test_a_warning_is_kept_apart_and_never_credited(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="Maria at Acme said your support is terrible")
    harbor.settle()

    assert labels(harbor, "contact", 20) == [("heard_from", "negative_wom", 750_000)]
    assert referrals(harbor) == [("negative_wom", 20, "rejected", 11)]
    assert harbor.said("deal", 9)["second_order_source"] == "none"


def test_a_note_that_says_who_recommended_us_is_a_referral(harbor: MirrorPortal) -> None:
    harbor.settle()
    happen(
        harbor, "note", 40, [20], text="First call went well. Maria Lopez of Acme recommended us."
    )
    harbor.settle()

    assert referrals(harbor) == [("note_names_customer", 20, "auto", 11)]
    assert harbor.said("deal", 9)["second_order_source"] == "referral"
    assert harbor.said("deal", 9)["second_order_confidence"] == "0.6"


def test_a_note_on_a_deal_tells_of_the_deal(harbor: MirrorPortal) -> None:
    harbor.settle()
    happen(harbor, "note", 29, [], text="referral from Acme", deals=[9])
    harbor.settle()

    assert referrals(harbor) == [("note_names_customer", 9, "auto", None)]
    assert harbor.said("deal", 9)["second_order_source_name"] == "Acme"


def test_a_customer_who_writes_the_first_mail_introduced_us(harbor: MirrorPortal) -> None:
    harbor.settle()
    happen(harbor, "reply", 40, [11, 20], sender="maria@acme-tools.com")
    harbor.settle()

    assert referrals(harbor) == [("introduction_email", 20, "auto", 11)]
    assert harbor.said("deal", 9)["second_order_confidence"] == "0.75"


def test_what_happened_before_takes_the_introduction_back(harbor: MirrorPortal) -> None:
    harbor.settle()
    happen(harbor, "reply", 40, [11, 20], sender="maria@acme-tools.com")
    harbor.settle()
    one = Activity("call", 78, "call", day(50), two_way=True)
    with harbor.clock.database.portal(HARBOR) as tx:
        fetched = FetchedActivities({("call", 78)}, [(one, {"contact": [20]})])
        activity_touches.store(tx, fetched, known_contacts={20}, now=NOW)
    harbor.settle()

    assert referrals(harbor) == []
    assert harbor.said("deal", 9)["second_order_source"] == "none"


def test_a_newer_classifier_reads_again_and_moves_no_booked_row(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="a friend")
    harbor.put("deal", 9, created=day(300), dealname="deal 9", deal_currency_code="USD", hs_is_closed_won="true",
               hs_is_closed="true", closedate=day(200).isoformat(), amount="5000.00")  # fmt: skip
    harbor.settle()
    booked = harbor.ledger(9)
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run("UPDATE told SET version = 1, label = 'search' WHERE portal_id = :portal")
        invalidation.record(tx, Change.DAY_PASSED)
    harbor.settle()

    assert labels(harbor, "contact", 20) == [("heard_from", "wom_generic", 750_000)]
    assert set(harbor.values("told", "version")) == {self_reported.VERSION}
    assert harbor.ledger(9) == booked


def test_reading_twice_changes_nothing(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="Maria Lopez and a friend", form_notes="a friend")
    harbor.settle()
    before = harbor.rows("SELECT *, xmin FROM told ORDER BY 1, 2, 3, 4, 5")
    with harbor.clock.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert harbor.rows("SELECT *, xmin FROM told ORDER BY 1, 2, 3, 4, 5") == before


def test_the_words_of_a_forgotten_person_are_erased(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="a friend of the secretive Wendelin")
    harbor.settle()
    assert labels(harbor, "contact", 20) != []

    with harbor.clock.database.portal(HARBOR) as tx:
        erase(tx, 20, keys=KEYS)
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        assert erasure.mentions(tx, "Wendelin") == []
        assert "told" in erasure.tables(tx)
    assert harbor.kept("told", owner_id=20) == []


@pytest.mark.parametrize(
    "text", ["🙂" * 3000, "a friend " * 9000, "\u202e" * 50, "Acme " * 5000, "'" * 10_000]
)
def test_no_text_stops_the_others(harbor: MirrorPortal, text: str) -> None:
    bo_says(harbor, heard_from=text, referred_by=text)
    harbor.settle()

    assert not any(harbor.values("stale", "error"))
    assert labels(harbor, "contact", 20) != []


def test_what_was_said_at_another_company_tells_of_that_one(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="google")
    harbor.company(3, "Orbit", "orbit-works.com")
    harbor.put("contact", 21, associatedcompanyid=3, firstname="Bo", lastname="Berg", mobilephone="+4915112345678",
               email="bo.berg@orbit-works.com", hs_linkedin_url="https://www.linkedin.com/in/bo-berg-1",
               heard_from=[(70, "a friend")])  # fmt: skip
    harbor.change(
        "contact",
        20,
        mobilephone="+4915112345678",
        hs_linkedin_url="https://www.linkedin.com/in/bo-berg-1",
    )
    harbor.link("contact", 21, "company", 3, type_id=1)
    harbor.settle()

    assert harbor.persons()[20] == harbor.persons()[21]
    assert labels(harbor, "contact", 21) == [("heard_from", "wom_generic", 750_000)]
    assert harbor.said("deal", 9)["second_order_source"] in {"none", "moved_champion"}


class Fake:
    """A language model that says what it was told to."""

    def __init__(self, **labels: int) -> None:
        self.labels = labels
        self.asked: list[str] = []

    def suggest(self, text: str) -> dict[str, int]:
        self.asked.append(text)
        return self.labels


def test_a_model_is_never_asked_while_the_setting_is_off(harbor: MirrorPortal) -> None:
    bo_says(harbor, heard_from="the blue one")
    harbor.settle()
    model = Fake(wom_generic=990_000)

    assert labelling.ask(harbor.context, model) == 0
    assert model.asked == []


def test_a_models_label_counts_where_no_phrase_fits_until_the_text_changes(clock: Clock) -> None:
    harbor = MirrorPortal(clock, HARBOR)
    harbor.install(MAPPED, {"ask_language_model": True})
    furnished(harbor)
    bo_says(harbor, heard_from="the blue one", form_notes="google")
    harbor.settle()
    model = Fake(wom_generic=990_000, search=100_000, nonsense=900_000)

    assert labelling.ask(harbor.context, model) == 1
    assert labelling.ask(harbor.context, model) == 0
    harbor.settle()
    assert model.asked == ["the blue one"]
    assert harbor.said("deal", 9)["second_order_source"] == "word_of_mouth"
    assert harbor.said("deal", 9)["second_order_confidence"] == "0.7"

    bo_says(harbor, heard_from="the red one")
    harbor.settle()
    assert harbor.said("deal", 9)["second_order_source"] == "none"
    assert harbor.kept("told", by_model=True) == []


def test_what_was_said_is_explained_with_the_version_that_read_it(harbor: MirrorPortal) -> None:
    bo_says(
        harbor,
        heard_from="saw you on LinkedIn",
        form_notes="colleagues warned us about your support",
    )
    harbor.change("deal", 9, deal_story="a friend")
    harbor.settle()

    found = explain(harbor.context, "contact", 20)

    assert {(one["place"], one["label"], one["version"]) for one in found["heard"]} == {
        ("heard_from", "social", self_reported.VERSION),
        ("form_notes", "negative_wom", self_reported.VERSION),
    }
    lines = "\n".join(in_words(found))
    assert 'said "warned us about" (1 May 2026): warns of us, likely (0.75)' in lines
    assert 'said "LinkedIn" (1 May 2026): social, likely (0.75)' in lines
    assert [one["label"] for one in explain(harbor.context, "deal", 9)["heard"]] == ["wom_generic"]
