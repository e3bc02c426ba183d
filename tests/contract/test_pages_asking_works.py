"""Does asking work: begun and ended by an admin, compared once enough were followed, null effects said plainly."""

from datetime import datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from integration.reports import does_asking_work
from integration.storage.database import Transaction
from integration.storage.program import hold_back_rows
from integration.storage.service import portal_users
from mappings.kinds import Role
from mappings.rules.ledger.hold_out import Arm
from tests.contract import test_pages_program as pages
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal
from tests.contract.record_world import Desk, Shown, desk, written_by_hand

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/does-asking-work"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    portal = written_by_hand(desk, HARBOR)
    portal.clock.at = desk.runtime.now()
    return portal


def send(desk: Desk, path: str, **fields: str) -> TestResponse:
    return pages.press(desk, f"{PAGE}{path}", **fields)


def drawn(tx: Transaction, began: datetime, sides: dict[Arm, int], *, days_ago: int) -> None:
    """So many people were drawn to each side, so long ago."""
    running = hold_back_rows.running(tx)
    assert running is not None
    at = began + timedelta(days=400 - days_ago)
    for place, (arm, count) in enumerate(sides.items()):
        first = (place + 1) * 1_000_000 + days_ago * 1000
        hold_back_rows.note(
            tx, running.hold_back_id, dict.fromkeys(range(first, first + count), arm), at
        )


def referred(tx: Transaction, referrer: int, days: float, began: datetime, *, to: int) -> None:
    """Somebody referred a contact so many days after the trial began."""
    at = (began + timedelta(days)).isoformat()
    tx.run(
        """INSERT INTO referral (portal_id, owner_type, owner_id, referral_key, target,
             referrer_contact_id, status, body)
           VALUES (:portal, 'contact', :to, 'x', 'contact:' || :to, :by, 'auto',
             jsonb_build_object('at', CAST(:at AS text)))""",
        by=referrer,
        to=to,
        at=at,
    )


def begun(portal: MirrorPortal) -> datetime:
    """A trial that began 400 days ago."""
    began = portal.clock.at - timedelta(days=400)
    with portal.database.portal(portal.portal_id) as tx:
        hold_back_rows.start(tx, 100_000, "a seed", began, by="user:88")
    return began


def test_nobody_is_held_back_until_an_admin_has_read_what_it_costs(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, PAGE)
    assert "Nobody was ever held back" in page.text
    dialog = Shown.of(desk, f"{PAGE}/start")
    assert "you go without the referrals" in dialog.text
    assert "860 people" in dialog.text  # 5 % unasked, 10 points more, a tenth held back

    for percent in ("", "0", "51", "-1", "ten", "1000", "\u0665"):
        refused = send(desk, "/start", percent=percent)
        assert refused.status_code == 422, percent
    assert harbor.kept("hold_back") == []

    assert send(desk, "/start", percent="10").status_code == 303
    assert send(desk, "/start", percent="20").status_code == 422
    (kept,) = harbor.kept("hold_back")
    assert (kept["share"], kept["started_by"], len(kept["seed"])) == (100_000, "user:88", 32)
    assert "Too few to tell: 0 asked and 0 held back" in Shown.of(desk, PAGE).text

    assert send(desk, "/end").status_code == 303
    assert send(desk, "/end").status_code == 422
    assert send(desk, "/start", percent="20").status_code == 303
    first, second = harbor.kept("hold_back")
    assert first["seed"] != second["seed"]
    assert "All times" in Shown.of(desk, PAGE).text


def test_a_difference_is_told_with_its_interval_once_both_sides_are_enough(
    desk: Desk, harbor: MirrorPortal
) -> None:
    began = begun(harbor)
    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 200, Arm.HELD_BACK: 29}, days_ago=300)
        for place in range(60):
            referred(tx, 1_300_000 + place, 150, began, to=90_000 + place)
    page = Shown.of(desk, PAGE)
    assert "Too few to tell: 200 asked and 29 held back" in page.text
    assert len(page.part("held").links()) == 29
    with harbor.database.portal(HARBOR) as tx:
        portal_users.give(tx, 88, Role.SELLER, by="test")
    assert 'id="held"' not in desk.get(PAGE).text, "only admins see who, and why"
    assert "a seed" not in desk.get(PAGE).text
    assert desk.get(f"{PAGE}/start").status_code == 403

    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 5, Arm.HELD_BACK: 1}, days_ago=299)
        drawn(tx, began, {Arm.ASKED: 3}, days_ago=10)
    page = Shown.of(desk, PAGE)

    assert "Asking works: it made a difference of +29.3 percentage points" in page.text
    asked, held_back, difference = page.rows()[0]
    assert asked.startswith("29%")
    assert "60 of 205" in asked
    assert held_back.endswith("0 of 30")
    assert difference.startswith("+29.3 percentage points")
    assert "3" in page.text.split("Not followed to the end yet")[1][:5]


def test_no_effect_is_said_as_plainly(desk: Desk, harbor: MirrorPortal) -> None:
    began = begun(harbor)
    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 100, Arm.HELD_BACK: 50}, days_ago=300)
        for place in range(10):
            referred(tx, 1_300_000 + place, 150, began, to=90_000 + place)
        for place in range(5):
            referred(tx, 2_300_000 + place, 150, began, to=91_000 + place)

    page = Shown.of(desk, PAGE)

    assert "No effect of asking can be seen: the difference is 0.0 percentage points" in page.text
    assert "Asking works" not in page.text


def test_only_what_came_within_180_days_of_being_ready_counts_and_each_once(
    desk: Desk, harbor: MirrorPortal
) -> None:
    began = begun(harbor)
    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 1, Arm.HELD_BACK: 1}, days_ago=300)  # ready on day 100
        for days, to in ((99, 1), (100.5, 2), (279, 3), (281, 4)):
            referred(tx, 1_300_000, days, began, to=90_000 + to)
        running = hold_back_rows.running(tx)
        assert running is not None
        rows = hold_back_rows.people(tx, running.hold_back_id, "USD", timedelta(days=180))

    assert {row["person_id"]: row["referrals"] for row in rows} == {1_300_000: 2, 2_300_000: 0}


def test_money_is_the_persons_share_of_what_was_created_in_time(
    desk: Desk, harbor: MirrorPortal
) -> None:
    began = begun(harbor)
    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 1}, days_ago=300)
        for number, day, won in ((1, 120, True), (2, 150, False), (3, 290, True), (4, 90, True)):
            tx.run(
                """INSERT INTO deal (portal_id, deal_id, created_at, is_won, is_open, amount_minor,
                     currency, open_probability)
                   VALUES (:portal, :deal, :at, :won, NOT CAST(:won AS boolean), 100000, 'USD', 500000)""",
                deal=number,
                at=began + timedelta(day),
                won=won,
            )
            tx.run(
                """INSERT INTO source (portal_id, deal_id, source_key, kind, contact_id, share,
                     confidence, body, settings_version)
                   VALUES (:portal, :deal, 'k', 'referral', 1300000, 800000000000, 0.9, '{}', 1)""",
                deal=number,
            )

    with harbor.context.transaction() as tx:
        running = hold_back_rows.running(tx)
        assert running is not None
        (row,) = hold_back_rows.people(tx, running.hold_back_id, "USD", timedelta(days=180))
    assert (row["won_minor"], row["pipeline_minor"]) == (80_000, 40_000)


def test_two_people_found_to_be_one_count_once_on_the_side_drawn_first(
    desk: Desk, harbor: MirrorPortal
) -> None:
    began = begun(harbor)
    with harbor.database.portal(HARBOR) as tx:
        drawn(tx, began, {Arm.ASKED: 1}, days_ago=300)
        drawn(tx, began, {Arm.ASKED: 0, Arm.HELD_BACK: 1}, days_ago=250)
    harbor.merge("contact", (1_300_000, 2_250_000), 2_250_000)

    with harbor.database.portal(HARBOR) as tx:
        running = hold_back_rows.running(tx)
        assert running is not None
        (row,) = hold_back_rows.people(tx, running.hold_back_id, "USD", timedelta(days=180))
    assert (row["person_id"], row["arm"]) == (1_300_000, "asked")


def test_another_account_and_another_trial_are_not_here(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    begun(orchard)

    assert desk.get(f"/portals/{ORCHARD}/does-asking-work").status_code == 404
    assert desk.get(f"{PAGE}?trial=1").status_code == 404
    assert desk.get(f"{PAGE}?trial=x").status_code == 404
    assert does_asking_work.read(harbor.context).all_times == []
