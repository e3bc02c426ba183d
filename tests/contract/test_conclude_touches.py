"""What conclude makes of touches: who was active before and during a deal, and who shows to be alive, or gone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from integration.conclude import deal_touches as touching_around
from integration.conclude import record_facts
from integration.conclude.batch import open_batch
from integration.ingest import activity_touches, sync
from integration.ingest.activity_touches import FetchedActivities
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.mirror import touch_mentions
from integration.storage.queue import activity_cursors, page_context
from mappings.records.activity_records import TYPES, Activity
from mappings.rules.facts import ContactFacts
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    NOW,
    ORCHARD,
    WORDS,
    Clock,
    MirrorPortal,
    day,
    moved_champion,
)


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return _portal(clock, HARBOR)


@pytest.fixture
def orchard(clock: Clock) -> MirrorPortal:
    return _portal(clock, ORCHARD)


def _portal(clock: Clock, portal_id: int) -> MirrorPortal:
    portal = MirrorPortal(clock, portal_id)
    portal.install()
    portal.imported()
    moved_champion(portal)
    portal.contact(13, 2, firstname="Otto", lastname="Quist", email="otto@zenit-labs.com")
    read_activities(portal)
    portal.settle()
    return portal


def read_activities(portal: MirrorPortal) -> None:
    """The first pass is through; it found nothing."""
    with portal.clock.database.portal(portal.portal_id) as tx:
        activity_cursors.begin(tx, TYPES)
        for kind in TYPES:
            activity_cursors.advance(tx, kind, cursor=None, done=True, records=0, calls=1)
        invalidation.record(tx, Change.TOUCHES_READ, now=NOW)
        activity_cursors.mark_told(tx)


def happen(
    portal: MirrorPortal,
    kind: str,
    number: int,
    before_now: float,
    contacts: Sequence[int],
    *,
    text: str = "",
) -> None:
    """An activity with these contacts; kinds as Activity has them."""
    two_way = kind in {"meeting", "call", "reply"}
    type_ = "email" if kind in {"email", "reply", "auto_reply", "left_reply"} else kind
    one = Activity(
        type_, number, kind, day(before_now), inbound=kind == "reply", two_way=two_way, text=text
    )
    seen = FetchedActivities({(type_, number)}, [(one, {"contact": list(contacts)})])
    _store(portal, seen)


def unhappen(portal: MirrorPortal, type_: str, number: int) -> None:
    """It is deleted in the CRM."""
    _store(portal, FetchedActivities({(type_, number)}))


def _store(portal: MirrorPortal, seen: FetchedActivities) -> None:
    with portal.clock.database.portal(portal.portal_id) as tx:
        known = sync.known_contacts(tx, seen.contact_ids, keys=KEYS)
        activity_touches.store(tx, seen, known_contacts=known, now=NOW)


def timings(portal: MirrorPortal, deal_id: int = 9) -> list[tuple[str, str]]:
    """How each source of a deal took part, suggestions included."""
    rows = portal.kept("conclusion", object_type="deal", record_id=deal_id)
    return [(one["kind"], one["timing"]) for one in rows[0]["reasons"]["reasons"]]


def facts(portal: MirrorPortal, contact_id: int) -> ContactFacts:
    with portal.clock.database.portal(portal.portal_id) as tx:
        return record_facts.contacts(open_batch(tx, page_context.read(tx), NOW), [contact_id])[
            contact_id
        ]


def test_with_nobody_else_active_before_the_deal_the_mover_brought_it(harbor: MirrorPortal) -> None:
    assert timings(harbor) == [("moved_champion", "sourced")]


def test_a_mail_of_a_colleague_before_the_deal_makes_it_no_longer_the_movers_alone(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    before = harbor.said("deal", 9)

    happen(harbor, "reply", 1, 100, [13])
    happen(harbor, "meeting", 2, 50, [12])
    harbor.settle()
    orchard.settle()

    assert timings(harbor) == [("moved_champion", "present")]
    assert float(harbor.said("deal", 9)["second_order_share"]) < float(before["second_order_share"])
    assert timings(orchard) == [("moved_champion", "sourced")]
    assert orchard.said("deal", 9) == before
    assert harbor.booked(9) == 4_000_000


def test_the_mail_of_long_ago_the_movers_own_and_ours_do_not_count_against_them(
    harbor: MirrorPortal,
) -> None:
    happen(harbor, "reply", 1, 60 + 91, [13])
    happen(harbor, "reply", 2, 61, [12])
    happen(harbor, "email", 3, 61, [13])
    happen(harbor, "reply", 4, 59, [13])
    harbor.settle()

    assert timings(harbor) == [("moved_champion", "sourced")]


def test_three_meetings_while_it_was_open_make_an_assistant(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    for number in range(3):
        happen(harbor, "meeting", 10 + number, 50 - number, [12, 13])
    harbor.settle()

    assert timings(harbor) == [("moved_champion", "assisted")]


def test_a_deleted_meeting_takes_back_what_rested_on_it(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    for number in range(3):
        happen(harbor, "meeting", 10 + number, 50 - number, [12])
    harbor.settle()

    unhappen(harbor, "meeting", 10)
    harbor.settle()
    assert timings(harbor) == [("moved_champion", "present")]

    for number in (11, 12):
        unhappen(harbor, "meeting", number)
    unhappen(harbor, "email", 1)
    harbor.settle()
    assert timings(harbor) == [("moved_champion", "sourced")]
    assert harbor.booked(9) == 4_000_000


def test_who_moved_here_and_is_often_seen_beside_a_deal_is_suggested_and_earns_nothing(
    harbor: MirrorPortal,
) -> None:
    harbor.deal(19, 2, 13, created=55, won=(15, "500.00"))
    harbor.settle()
    assert timings(harbor, 19) == []

    for number in range(5):
        happen(harbor, "call", 10 + number, 50 - number, [12])
    harbor.settle()

    assert timings(harbor, 19) == [("moved_champion", "suspected")]
    assert harbor.derived(19) == 0
    assert harbor.said("deal", 19)["second_order_source"] == "none"


def test_four_touches_suggest_nobody(harbor: MirrorPortal) -> None:
    harbor.deal(19, 2, 13, created=55, won=(15, "500.00"))
    for number in range(4):
        happen(harbor, "call", 10 + number, 50 - number, [12])
    harbor.settle()

    assert timings(harbor, 19) == []


def test_concluding_everything_anew_says_the_same(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    for number in range(3):
        happen(harbor, "meeting", 10 + number, 50 - number, [12])
    harbor.settle()
    lived = (
        harbor.said("deal", 9),
        harbor.ledger(9),
        harbor.said("company", 2),
        harbor.said("contact", 12),
    )

    with harbor.clock.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert lived == (
        harbor.said("deal", 9),
        harbor.ledger(9),
        harbor.said("company", 2),
        harbor.said("contact", 12),
    )


def test_before_the_pass_is_through_nothing_is_concluded_from_it(clock: Clock) -> None:
    portal = MirrorPortal(clock, HARBOR)
    portal.install()
    portal.imported()
    moved_champion(portal)
    portal.contact(13, 2, firstname="Otto", lastname="Quist", email="otto@zenit-labs.com")
    with clock.database.portal(HARBOR) as tx:
        activity_cursors.begin(tx, TYPES)
    portal.settle()
    happen(portal, "reply", 1, 100, [13])
    happen(portal, "meeting", 2, 50, [12])

    assert portal.settle() == 0, "nothing is looked at again"
    assert timings(portal) == [("moved_champion", "sourced")]
    assert facts(portal, 13).last_reply_at is None

    read_activities(portal)
    portal.settle()
    assert timings(portal) == [("moved_champion", "present")]
    assert facts(portal, 13).last_reply_at == day(100)


def test_where_the_owner_switched_it_off_everything_is_as_without(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    happen(harbor, "left_reply", 2, 99, [13])
    harbor.settle()
    assert facts(harbor, 13).left_reply_at == day(99)

    harbor.install(replace(WORDS, activities="ignored"))
    with harbor.clock.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert timings(harbor) == [("moved_champion", "sourced")]
    assert facts(harbor, 13).left_reply_at is None


def test_life_signs_are_the_latest_of_all_that_tell_them(harbor: MirrorPortal) -> None:
    harbor.change("contact", 13, hs_sales_email_last_replied=day(40).isoformat())
    happen(harbor, "reply", 1, 100, [13])
    happen(harbor, "meeting", 2, 30, [13])
    happen(harbor, "email", 3, 10, [13])
    happen(harbor, "note", 4, 9, [13])
    happen(harbor, "auto_reply", 5, 8, [13])
    happen(harbor, "meeting", 6, -20, [13])
    harbor.settle()

    found = facts(harbor, 13)
    assert found.last_reply_at == day(40)
    assert found.last_activity_at == day(30), (
        "ours, notes, machines and the future are no sign of life"
    )


def test_what_merged_records_did_counts_for_the_one_they_became(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    happen(harbor, "left_reply", 2, 99, [13])
    harbor.put(
        "contact",
        14,
        firstname="Otto",
        lastname="Quist",
        email="otto@zenit-labs.com",
        associatedcompanyid=2,
    )
    harbor.merge("contact", (13,), 14)
    harbor.settle()

    assert facts(harbor, 14).last_reply_at == day(100)
    assert facts(harbor, 14).left_reply_at == day(99)
    assert timings(harbor) == [("moved_champion", "present")]


def test_a_merged_company_keeps_what_happened_there(harbor: MirrorPortal) -> None:
    happen(harbor, "reply", 1, 100, [13])
    harbor.put("company", 22, name="Zenit", domain="zenit-labs.com")
    harbor.merge("company", (2,), 22)
    harbor.settle()

    assert timings(harbor) == [("moved_champion", "present")]


def test_a_deal_of_a_busy_company_is_told_no_more_than_it_needs(harbor: MirrorPortal) -> None:
    for number in range(touching_around.MOST + 20):
        happen(harbor, "email", 1000 + number, 40 - number / 1000, [13])
    happen(harbor, "reply", 1, 100, [13])
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        step = open_batch(tx, page_context.read(tx), NOW)
        found = touching_around.of_deals(step, record_facts.deals(step, [5, 9]), {}, {})

    assert len(found[9]) == touching_around.MOST + 1
    assert [one.kind for one in found[9]][:2] == ["reply", "email"], (
        "what came before the deal is not crowded out"
    )
    assert timings(harbor) == [("moved_champion", "present")]


def test_two_records_at_one_meeting_that_became_one_were_there_once(harbor: MirrorPortal) -> None:
    harbor.contact(15, 2, firstname="Otto", lastname="Quist", email="otto.q@zenit-labs.com")
    happen(harbor, "meeting", 1, 40, [13, 15])
    harbor.put(
        "contact",
        16,
        firstname="Otto",
        lastname="Quist",
        email="otto@zenit-labs.com",
        associatedcompanyid=2,
    )
    harbor.merge("contact", (13, 15), 16)
    harbor.settle()

    with harbor.clock.database.portal(HARBOR) as tx:
        step = open_batch(tx, page_context.read(tx), NOW)
        found = touching_around.of_deals(step, record_facts.deals(step, [9]), {}, {})

    assert [(one.contact_id, one.kind, one.at) for one in found[9]] == [(16, "meeting", day(40))]


def test_notes_are_told_of_what_they_are_about_also_after_merges(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    happen(harbor, "note", 1, 40, [13], text="likes tea")
    happen(harbor, "note", 2, 30, [12, 13], text="met both")
    for number in range(60):
        happen(harbor, "note", 100 + number, 20 - number / 100, [12], text=f"note {number}")
    harbor.put(
        "contact",
        16,
        firstname="Otto",
        lastname="Quist",
        email="otto@zenit-labs.com",
        associatedcompanyid=2,
    )
    harbor.merge("contact", (13,), 16)

    with harbor.clock.database.portal(HARBOR) as tx:
        found = touch_mentions.notes(tx, contact_ids=[16])
        many = touch_mentions.notes(tx, contact_ids=[12])
        at_zenit = touch_mentions.notes(tx, company_ids=[2])
    with orchard.clock.database.portal(ORCHARD) as tx:
        assert touch_mentions.notes(tx, contact_ids=[12, 13, 16], company_ids=[2]) == []

    assert [(one.text, one.contact_ids, one.company_ids) for one in found] == [
        ("likes tea", (16,), (2,)),
        ("met both", (12, 16), (2,)),
    ]
    assert len(many) == len(at_zenit) == 50
    assert many[-1].text == "note 59"


def test_an_introduction_is_the_first_touch_of_all_that_a_contact_was(harbor: MirrorPortal) -> None:
    _store(
        harbor,
        FetchedActivities(
            {("email", 7)}, [(_mail(7, 100, "priya@acme-tools.com"), {"contact": [12, 13]})]
        ),
    )
    harbor.change("contact", 12, email="priya@acme-tools.com")
    _store(
        harbor,
        FetchedActivities(
            {("email", 7)}, [(_mail(7, 100, "priya@acme-tools.com"), {"contact": [12, 13]})]
        ),
    )
    harbor.put(
        "contact",
        16,
        firstname="Otto",
        lastname="Quist",
        email="otto@zenit-labs.com",
        associatedcompanyid=2,
    )
    harbor.merge("contact", (13,), 16)

    with harbor.clock.database.portal(HARBOR) as tx:
        assert touch_mentions.introductions(tx, [12, 16]) == [
            touch_mentions.Introduction(16, 7, day(100), 12, (12,))
        ]
    happen(harbor, "call", 8, 101, [13])
    with harbor.clock.database.portal(HARBOR) as tx:
        assert touch_mentions.introductions(tx, [12, 16]) == []


def _mail(number: int, before_now: float, sender: str) -> Activity:
    return Activity(
        "email", number, "reply", day(before_now), inbound=True, two_way=True, sender=sender
    )
