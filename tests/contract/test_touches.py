"""Meetings, calls, e-mails and notes become touches: in the first pass, as they change, and no further than wanted."""

from datetime import timedelta

import pytest

from integration.admin import settings_changes
from integration.ingest import activities, backfill
from integration.storage.mirror import touch_mentions, touches
from integration.storage.queue import activity_cursors, lanes
from mappings.records.portal_map import PortalMap
from tests.contract.activity_world import NOW, Town, ago, both, install
from tests.world import World
from workers import jobs

CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"


def said(town: Town) -> set[tuple[str, str, int, bool, bool]]:
    return {
        (row.activity_type, row.kind, row.contact_id, row.inbound, row.two_way)
        for row in town.touches()
    }


def test_what_was_there_at_the_install_is_read_once_the_import_is_through(world: World) -> None:
    harbor, orchard = both(world)
    ana, bo = harbor.ana.id, harbor.bo.id
    meeting = harbor.happens("meeting", 20, harbor.bo, company=harbor.bolt, deal=harbor.deal)
    harbor.happens("meeting", 19, harbor.bo, hs_meeting_outcome="CANCELED")
    harbor.happens(
        "call", 18, harbor.bo, hs_call_direction="OUTBOUND", hs_call_disposition=CONNECTED
    )
    harbor.happens("call", 17, harbor.ana, hs_call_direction="INBOUND", hs_call_status="MISSED")
    harbor.happens("email", 16, harbor.ana, hs_email_direction="EMAIL", hs_email_status="SENT")
    harbor.happens("email", 16, harbor.ana, hs_email_direction="EMAIL", hs_email_status="BOUNCED")
    harbor.mail_from(harbor.ana, 15, "Re: your offer")
    harbor.happens("note", 14, harbor.bo, hs_note_body="<p>Met at a fair</p>")

    install(world)

    assert said(harbor) == {
        ("meeting", "meeting", bo, False, True),
        ("call", "call", bo, False, True),
        ("call", "call", ana, True, False),
        ("email", "email", ana, False, False),
        ("email", "reply", ana, True, True),
        ("note", "note", bo, False, False),
    }
    (met,) = [row for row in harbor.touches() if row.key == ("meeting", meeting.id)]
    assert (met.at, met.company_id, met.deal_id) == (ago(20), harbor.bolt.id, harbor.deal.id)
    assert list(harbor.texts().values()) == ["Met at a fair"]
    assert orchard.touches() == []


def test_an_activity_without_a_company_was_at_the_contacts_own(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("meeting", 5, harbor.ana, harbor.bo)
    harbor.happens("meeting", 4, harbor.ana, harbor.bo, company=harbor.bolt)

    install(world)

    assert [(row.contact_id, row.company_id) for row in harbor.touches()] == [
        (harbor.ana.id, harbor.acme.id),
        (harbor.bo.id, harbor.bolt.id),
        (harbor.ana.id, harbor.bolt.id),
        (harbor.bo.id, harbor.bolt.id),
    ]


def test_of_an_incoming_mail_only_who_wrote_it_was_in_touch(world: World) -> None:
    harbor, _ = both(world)
    mail = harbor.mail_from(harbor.ana, 40, "Meet Bo", harbor.bo)

    install(world)

    assert said(harbor) == {
        ("email", "reply", harbor.ana.id, True, True),
        ("email", "reply", harbor.bo.id, False, False),
    }
    with harbor.account.context() as context, context.transaction() as tx:
        assert touch_mentions.introductions(tx, [harbor.ana.id, harbor.bo.id]) == [
            touch_mentions.Introduction(
                harbor.bo.id, mail.id, ago(40), harbor.ana.id, (harbor.ana.id,)
            )
        ]


def test_an_introduction_is_a_first_contact(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("call", 41, harbor.bo)
    harbor.mail_from(harbor.ana, 40, "Meet Bo", harbor.bo)

    install(world)

    with harbor.account.context() as context, context.transaction() as tx:
        assert touch_mentions.introductions(tx, [harbor.bo.id]) == []


def test_an_automatic_reply_tells_that_somebody_left_and_only_that_text_is_kept(
    world: World,
) -> None:
    harbor, orchard = both(world)
    gone = harbor.mail_from(
        harbor.ana, 9, "Automatic reply: hello", text="Ana Alvarez is no longer with Acme."
    )
    harbor.mail_from(
        harbor.bo, 8, "Automatic reply: hello", text="I am out of office until Monday."
    )
    orchard.mail_from(orchard.ana, 7, "Re: hello", text="Our text is nobody's business")

    install(world)

    assert said(harbor) == {
        ("email", "left_reply", harbor.ana.id, False, False),
        ("email", "auto_reply", harbor.bo.id, False, False),
    }
    assert harbor.texts() == {("email", gone.id): "Ana Alvarez is no longer with Acme."}
    assert orchard.texts() == {}
    with harbor.account.context() as context, context.transaction() as tx:
        signs = touches.signs(tx, [harbor.ana.id, harbor.bo.id], until=NOW)
    assert {one: found.left_reply_at for one, found in signs.items()} == {harbor.ana.id: ago(9)}


def test_without_the_permission_mail_is_dated_and_nothing_more(world: World) -> None:
    harbor, _ = both(world)
    world.harbor.crm.denied_scopes = {*world.harbor.crm.denied_scopes, "sales-email-read"}
    harbor.mail_from(
        harbor.ana, 9, "Automatic reply: hello", text="Ana Alvarez is no longer with Acme."
    )

    install(world)

    assert said(harbor) == {("email", "reply", harbor.ana.id, True, True)}
    assert harbor.texts() == {}


def test_a_mail_whose_writer_nobody_shows_counts_for_the_only_one_on_it(world: World) -> None:
    harbor, _ = both(world)
    mail = harbor.mail_from(harbor.ana, 9, "hello")
    world.harbor.crm.update("email", mail.id, {"hs_email_from_email": ""})

    install(world)

    assert said(harbor) == {("email", "reply", harbor.ana.id, True, True)}


def test_later_activities_are_heard_of_by_their_links_and_by_search(world: World) -> None:
    harbor, orchard = both(world)
    install(world)
    meeting = harbor.happens("meeting", 0.01, harbor.bo, deal=harbor.deal)
    world.settle()
    assert said(harbor) == {("meeting", "meeting", harbor.bo.id, False, True)}

    world.harbor.crm.update("meeting", meeting.id, {"hs_meeting_outcome": "NO_SHOW"})
    world.settle()
    assert len(harbor.touches()) == 1, "no webhook tells what became of it"
    catch_up(world)
    assert harbor.touches() == []
    assert orchard.touches() == []


def catch_up(world: World) -> None:
    """A quarter of an hour passes."""
    for account in world.accounts:
        account.rows(
            "UPDATE portal SET caught_up_at = clock_timestamp() - interval '20 minutes' RETURNING 1"
        )
        with world.runtime.database.portal(account.portal_id) as tx:
            lanes.want(tx, account.portal_id, "import")
    world.settle()


def test_a_deleted_meeting_is_no_touch_and_a_restored_one_is(world: World) -> None:
    harbor, _ = both(world)
    meeting = harbor.happens("meeting", 3, harbor.bo)
    install(world)
    assert len(harbor.touches()) == 1

    world.harbor.crm.archive("meeting", meeting.id)
    world.settle()
    assert harbor.touches() == []

    world.harbor.crm.restore("meeting", meeting.id)
    world.settle()
    assert said(harbor) == {("meeting", "meeting", harbor.bo.id, False, True)}


def test_a_link_that_is_taken_off_takes_the_touch(world: World) -> None:
    harbor, _ = both(world)
    meeting = harbor.happens("meeting", 3, harbor.bo, harbor.ana)
    install(world)

    world.harbor.crm.dissociate("contact", harbor.ana.id, "meeting", meeting.id)
    world.settle()

    assert {row.contact_id for row in harbor.touches()} == {harbor.bo.id}


def test_the_calls_are_as_few_as_pages_allow(world: World) -> None:
    harbor, _ = both(world)
    for number in range(250):
        harbor.happens(
            "email",
            10 + number / 100,
            harbor.ana,
            hs_email_direction="EMAIL",
            hs_email_status="SENT",
        )
    for number in range(100):
        harbor.happens("note", 10 + number / 100, harbor.ana, hs_note_body=f"note {number}")

    install(world)

    pages = {
        kind: world.harbor.crm.calls[f"GET /crm/objects/2026-03/{kind}"]
        for kind in ("emails", "notes", "meetings", "calls")
    }
    assert pages == {"emails": 3, "notes": 1, "meetings": 1, "calls": 1}
    assert len(harbor.touches()) == 350
    about = [call for call in world.harbor.crm.calls if "/emails/" in call or "/notes/" in call]
    assert about == ["POST /crm/objects/2026-03/emails/search"], "one call to count what is long"
    assert world.harbor.crm.calls[about[0]] == 1


def test_first_results_come_before_activities(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("meeting", 3, harbor.bo)
    world.install(world.harbor)

    jobs.work(world.runtime, world.harbor.portal_id, "import")

    assert world.harbor.values("portal", "imported_at")[0] is not None
    assert world.harbor.crm.calls["GET /crm/objects/2026-03/meetings"] == 0
    assert len(world.harbor.kept("stale")) > 0
    world.settle()
    assert len(harbor.touches()) == 1


def test_a_pass_that_is_interrupted_goes_on_where_it_was(world: World) -> None:
    harbor, _ = both(world)
    for number in range(230):
        harbor.happens("note", 10 + number / 100, harbor.ana, hs_note_body=f"note {number}")
    world.hubspot.trouble.add("500", "GET */notes", times=1)
    world.install(world.harbor)
    for _ in range(40):
        if not world.work():
            break
    stopped = {row["activity_type"]: row["done"] for row in world.harbor.kept("touch_step")}
    assert stopped == {"meeting": True, "call": True, "email": True, "note": False}
    with world.harbor.context() as context, context.transaction() as tx:
        assert not activity_cursors.are_read(tx)
        tx.run("UPDATE lane SET retry_after = NULL")

    # One page, then the process ends: the next one reads the rest, and nothing is read twice.
    with world.harbor.context() as context:
        with context.transaction() as tx:
            lease = lanes.take(tx, context.portal_id, "import")
        assert lease
        assert activities.advance(context, lease, seconds=0) is True
        with context.transaction() as tx:
            lanes.release(tx, lease, again_after=0)
    world.settle()

    assert len(harbor.touches()) == 230
    assert world.harbor.crm.calls["GET /crm/objects/2026-03/notes"] == 4, (
        "the refused one and three pages"
    )
    assert world.harbor.crm.calls["GET /crm/objects/2026-03/meetings"] == 1


def test_only_the_last_three_years_are_kept(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("meeting", 1200, harbor.ana)
    kept = harbor.happens("meeting", 1000, harbor.ana)

    install(world)
    assert [row.activity_id for row in harbor.touches()] == [kept.id]

    with world.runtime.database.portal(world.harbor.portal_id) as tx:
        activities.prune(tx, now=NOW + timedelta(days=200))
    assert harbor.touches() == []


def test_an_owner_can_switch_activities_off_and_on(world: World) -> None:
    harbor, orchard = both(world)
    for town in (harbor, orchard):
        town.happens("meeting", 3, town.bo)
        town.happens("note", 3, town.bo, hs_note_body="Bo likes tea")
    install(world)
    assert len(harbor.touches()) == 2
    with world.harbor.context() as context:
        settings_changes.change(
            context, portal_map=PortalMap(activities="ignored"), actor="owner", reason="a try"
        )
    world.settle()

    assert harbor.touches() == []
    assert harbor.texts() == {}
    assert len(orchard.touches()) == 2
    calls = world.harbor.crm.calls.copy()
    harbor.happens("meeting", 2, harbor.bo)
    catch_up(world)
    asked = world.harbor.crm.calls - calls
    assert not [call for call in asked if "/meetings" in call], asked

    with world.harbor.context() as context:
        settings_changes.change(context, portal_map=PortalMap(), actor="owner", reason="a try")
    world.settle()
    assert len(harbor.touches()) == 3


def test_a_portal_that_does_not_let_us_read_some_goes_on_without(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("meeting", 3, harbor.bo)
    harbor.happens("note", 3, harbor.bo, hs_note_body="Bo likes tea")
    world.hubspot.trouble.add("403", "* */meetings*")

    install(world)
    world.harbor.crm.archive("meeting", harbor.happens("meeting", 2, harbor.bo).id)
    world.settle()

    assert {row.activity_type for row in harbor.touches()} == {"note"}
    assert world.harbor.state() == "active"
    assert world.harbor.read("deal", harbor.deal.id, "second_order_source")
    calls = world.harbor.crm.calls.copy()
    catch_up(world)
    asked = world.harbor.crm.calls - calls
    assert not [call for call in asked if "/meetings" in call], (
        "what was refused is not asked for over and over"
    )
    assert [call for call in asked if "/notes/search" in call]

    # A night later it is tried again.
    world.hubspot.trouble.clear()
    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            lanes.want(tx, context.portal_id, "import")
    world.settle()
    assert {row.activity_type for row in harbor.touches()} == {"meeting", "note"}


def test_a_type_with_too_many_changes_is_listed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration.ingest import polling  # noqa: PLC0415 - the subject of one test

    harbor, _ = both(world)
    meeting = harbor.happens("meeting", 3, harbor.bo)
    install(world)
    monkeypatch.setattr(polling, "MOST_PAGES", 0)
    world.harbor.crm.update("meeting", meeting.id, {"hs_meeting_outcome": "CANCELED"})
    lists = world.harbor.crm.calls["GET /crm/objects/2026-03/meetings"]
    catch_up(world)

    assert harbor.touches() == []
    assert world.harbor.crm.calls["GET /crm/objects/2026-03/meetings"] == lists + 1
    with world.harbor.context() as context, context.transaction() as tx:
        assert activity_cursors.are_read(tx), "meanwhile touches count"


HOSTILE = {
    "markup": (
        "<div><script>alert(1)</script><p>Told by&nbsp;<b>Ana</b></p></div>",
        "Told by Ana",
    ),
    "unclosed": ("Said <img src='" + "x" * 5000, "Said"),
    "brackets": ("<" * 60_000, "<" * 2000),
    "long": ("word " * 13_000, ("word " * 400).strip()),
}


@pytest.mark.parametrize(("body", "kept"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_are_cut_and_cleaned(world: World, body: str, kept: str) -> None:
    harbor, _ = both(world)
    note = harbor.happens("note", 3, harbor.bo, hs_note_body=body)

    install(world)

    assert harbor.texts() == {("note", note.id): kept}


def test_a_megabyte_with_nul_and_half_a_character_harms_nobody(world: World) -> None:
    harbor, _ = both(world)
    text = "Ana is no longer with Acme. \x00\ud800" + "x" * 1_000_000
    harbor.mail_from(harbor.ana, 3, "Automatic reply: \x00hi", text=text)
    harbor.happens("note", 3, harbor.bo, hs_note_body="fine")

    install(world)

    assert ("email", "left_reply", harbor.ana.id, False, False) in said(harbor)
    assert max(len(one) for one in harbor.texts().values()) <= 2000
    assert "fine" in harbor.texts().values()


def test_a_meeting_with_everybody_keeps_a_hundred_of_them(world: World) -> None:
    harbor, _ = both(world)
    with world.harbor.crm.silently():
        crowd = [
            world.harbor.crm.create("contact", {"email": f"p{n}@crowd.example"}) for n in range(130)
        ]
    harbor.happens("meeting", 3, *crowd)

    install(world)

    assert len(harbor.touches()) == touches.MOST_CONTACTS


def test_an_erased_person_leaves_no_touch_and_no_text(world: World) -> None:
    harbor, orchard = both(world)
    for town in (harbor, orchard):
        town.happens("meeting", 3, town.ana, town.bo)
        town.happens("note", 2, town.ana, hs_note_body="likes tea")
        town.happens("note", 2, town.bo, hs_note_body="Was sent by ANA ALVAREZ of Acme")
        town.happens("note", 2, town.bo, hs_note_body="likes coffee")
    install(world)

    world.harbor.crm.gdpr_delete(harbor.ana.id)
    world.settle()

    left = harbor.touches()
    assert {row.contact_id for row in left if row.contact_id > 0} == {harbor.bo.id}
    # That somebody of Acme was met stays, for what rests on it must not move; who it was is
    # nowhere.
    opaque = [row for row in left if row.contact_id < 0]
    assert [(row.kind, row.company_id) for row in opaque] == [
        ("meeting", harbor.acme.id),
        ("note", harbor.acme.id),
    ]
    assert all(row.activity_id < 0 for row in opaque)
    assert list(harbor.texts().values()) == ["likes coffee"]
    assert len(orchard.texts()) == 3
    # Whatever is read again afterwards does not bring the person back.
    with world.harbor.context() as context:
        backfill.begin_again(context)
        with context.transaction() as tx:
            for kind in ("meeting", "note"):
                activities.read_again(tx, kind)
            lanes.want(tx, context.portal_id, "import")
    world.settle()
    assert harbor.ana.id not in {row.contact_id for row in harbor.touches()}


def test_what_happened_to_merged_records_happened_to_the_one_they_became(world: World) -> None:
    harbor, _ = both(world)
    harbor.happens("meeting", 3, harbor.ana)
    harbor.happens("meeting", 2, harbor.bo)
    install(world)

    made = world.harbor.crm.merge("contact", harbor.ana.id, harbor.bo.id)
    world.settle()

    with harbor.account.context() as context, context.transaction() as tx:
        signs = touches.signs(tx, [made.id], until=NOW)
        assert signs[made.id].number == 2
        assert (signs[made.id].first_at, signs[made.id].last_at) == (ago(3), ago(2))
