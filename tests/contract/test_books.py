"""The books of a portal: months that close, orders, merges, credit notes, forgotten people, and what is not booked."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from integration.core.errors import Refused
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.reports import bookkeeping
from integration.reports.portal_figures import summary
from integration.storage.database import Database
from integration.storage.ledger import entry_rows, period_rows
from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.service import erasure
from mappings.rules.ledger import changes
from tests.contract.conclude_world import (
    HARBOR,
    NOW,
    ORCHARD,
    REOPENED,
    WORDS,
    Clock,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)


@pytest.fixture
def clock(database: Database) -> Clock:
    made = Clock(database)
    made.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    return made


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    return _installed(clock, HARBOR)


@pytest.fixture
def orchard(clock: Clock) -> Iterator[MirrorPortal]:
    """The other portal, of which nothing may ever be seen."""
    other = _installed(clock, ORCHARD)
    moved_champion(other, amount="77777.00")
    other.settle()
    before = _everything(other)
    yield other
    assert _everything(other) == before


def _installed(clock: Clock, portal_id: int) -> MirrorPortal:
    portal = MirrorPortal(clock, portal_id)
    portal.install()
    with clock.database.service() as tx:
        tx.run(
            "UPDATE portal SET imported_at = :at WHERE portal_id = :id", at=day(15), id=portal_id
        )
    return portal


def _everything(portal: MirrorPortal) -> list[str]:
    tables = ("ledger", "closing", "rejudgement", "credit_note", "source", "conclusion")
    return [repr(portal.kept(table)) for table in tables]


MAY, JUNE, JULY = (date(2026, one, 1) for one in (5, 6, 7))


def _sums(found: bookkeeping.Month) -> int:
    return found.totals.get("USD", {}).get("total", 0)


def test_a_month_says_what_it_reported_and_what_is_known_now(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    """Won in June, June closes on 10 July, a refund in July: booked in July, known of June."""
    moved_champion(harbor)
    harbor.settle()
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    harbor.change("deal", 9, amount="30000.00")
    harbor.settle()

    with harbor.context.transaction() as tx:
        (closing,) = period_rows.read(tx).log
    assert (closing.month, closing.at, closing.actor) == (
        JUNE,
        datetime(2026, 7, 10, tzinfo=UTC),
        "calendar",
    )
    june, known = (bookkeeping.month(harbor.context, JUNE, view) for view in ("reported", "known"))
    assert (_sums(june), _sums(known)) == (4_000_000, 3_000_000)
    assert june.closed_at == closing.at
    assert _sums(bookkeeping.month(harbor.context, JULY, "reported")) == -1_000_000
    assert bookkeeping.month(harbor.context, JULY, "known").entries == ()


def test_a_win_that_is_read_after_its_month_closed_lands_in_the_current_one(
    clock: Clock, harbor: MirrorPortal
) -> None:
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    moved_champion(harbor)
    harbor.settle()

    rows = {row["deal_id"]: row for row in harbor.kept("ledger", kind="first_order")}
    assert rows[9]["effective_at"] == clock.at
    assert rows[9]["origin_at"] == day(20)
    assert _sums(bookkeeping.month(harbor.context, JUNE, "reported")) == 0
    assert _sums(bookkeeping.month(harbor.context, JUNE, "known")) == 4_000_000


def test_history_lands_where_it_belongs(clock: Clock, harbor: MirrorPortal) -> None:
    """What the first import brings was never reported by us: no month of it is closed yet."""
    with clock.database.service() as tx:
        tx.run("UPDATE portal SET imported_at = :at", at=day(0))
    moved_champion(harbor)
    harbor.settle()

    assert set(harbor.values("ledger", "origin_at")) == {None}


def test_people_close_and_open_months_with_their_name_and_reason(
    clock: Clock, harbor: MirrorPortal
) -> None:
    moved_champion(harbor)
    harbor.settle()
    with pytest.raises(Refused, match="is not over"):
        bookkeeping.close(harbor.context, JUNE, actor="ana", reason="audit")
    with pytest.raises(Refused, match="who orders"):
        bookkeeping.close(harbor.context, MAY, actor=" ", reason="audit")
    with pytest.raises(Refused, match="is not closed"):
        bookkeeping.reopen(harbor.context, JUNE, actor="ana", reason="a mistake")

    clock.at = datetime(2026, 7, 2, tzinfo=UTC)
    bookkeeping.close(harbor.context, JUNE, actor="ana", reason="audit")
    clock.at = datetime(2026, 7, 3, tzinfo=UTC)
    harbor.change("deal", 9, amount="30000.00")
    harbor.settle()
    assert _sums(bookkeeping.month(harbor.context, JUNE, "reported")) == 4_000_000

    bookkeeping.reopen(harbor.context, JUNE, actor="ana", reason="a forgotten invoice")
    harbor.deal(11, 2, 12, created=40, won=(15, "500.00"))
    harbor.settle()
    row = harbor.ledger(11)[0]
    assert (row["effective_at"], row["origin_at"]) == (day(15), None)
    assert _sums(bookkeeping.month(harbor.context, JUNE, "reported")) == 4_000_000
    trail = harbor.rows(
        "SELECT actor, action, detail FROM audit WHERE action LIKE 'books%' ORDER BY audit_id"
    )
    assert [(one["actor"], one["action"], one["detail"]["month"]) for one in trail] == [
        ("ana", "books close", "2026-06"),
        ("ana", "books reopen", "2026-06"),
    ]


def test_a_closing_waits_for_the_page_that_is_being_booked(
    clock: Clock, harbor: MirrorPortal
) -> None:
    """What reads the log as open must not commit after the closing: nobody would have reported its rows."""
    clock.at = datetime(2026, 7, 2, tzinfo=UTC)
    with clock.database.service() as tx:
        lease = lanes.take(tx, HARBOR, "drain")
    closing = threading.Thread(
        target=bookkeeping.close,
        args=(harbor.context, JUNE),
        kwargs={"actor": "ana", "reason": "audit"},
    )
    with harbor.context.transaction(lease) as tx:
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
        assert period_rows.read(tx).log == ()
    closing.join(10)
    with harbor.context.transaction(lease) as tx:
        assert [one.actor for one in period_rows.read(tx).log] == ["ana"]


def test_the_log_of_the_books_is_never_edited(harbor: MirrorPortal) -> None:
    bookkeeping.close(harbor.context, MAY, actor="ana", reason="audit")
    with pytest.raises(Exception, match="permission denied"):
        harbor.rows("UPDATE closing SET actor = 'bo' RETURNING 1")


def test_why_a_deal_changed_adds_up(harbor: MirrorPortal, orchard: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    harbor.change("deal", 9, amount="30000.00")
    harbor.settle()
    harbor.change("deal", 9, **REOPENED)
    harbor.settle()

    told, who = bookkeeping.story(harbor.context, about=("deal", 9))

    assert [one.occasion for one in told.changes] == ["won", "amount", "reopened"]
    assert [one.differences for one in told.changes] == [
        {"USD": 4_000_000},
        {"USD": -1_000_000},
        {"USD": -3_000_000},
    ]
    assert told.after == {"USD": 0}
    assert any(
        "moved champion Priya Raman of Acme: +" in one
        for one in changes.in_words(told.changes[0], who)
    )
    acme, _ = bookkeeping.story(harbor.context, about=("company", 1))
    assert acme.after == {"USD": 0}
    assert sum(one.derived["USD"] for one in acme.changes) == 0
    priya, _ = bookkeeping.story(harbor.context, about=("contact", 12))
    assert [one.derived for one in priya.changes] == [one.derived for one in acme.changes]
    with harbor.context.transaction() as tx:
        rows = [row for found in entry_rows.of_deals(tx, [9]).values() for row in found]
    assert bookkeeping.changes_of(rows) == told.changes


def test_a_person_orders_a_deal_to_be_judged_by_what_is_known_now(
    clock: Clock, harbor: MirrorPortal
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(30, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    harbor.contact(40, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    harbor.deal(5, 1, 30, created=800, won=(700, "10000.00"))
    harbor.deal(6, 2, 40, created=200, won=(150, "1000.00"))
    harbor.settle()
    heard = [(5, "a friend told me about you")]
    harbor.put(
        "contact", 40, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com", heard_from=heard
    )
    harbor.settle()
    assert harbor.derived(6) == 0

    bookkeeping.rejudge(harbor.context, 6, actor="ana", reason="the customer told us at dinner")
    harbor.settle()

    derived = harbor.derived(6)
    assert derived > 0
    assert harbor.booked(6) == 100_000
    assert "ordered" in {row["occasion"] for row in harbor.ledger(6)}
    clock.at = NOW + timedelta(days=300)
    harbor.put("contact", 40, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    harbor.settle()
    assert harbor.derived(6) == derived
    with pytest.raises(Refused, match="no deal 4040"):
        bookkeeping.rejudge(harbor.context, 4040, actor="ana", reason="x")


def test_a_deal_won_again_takes_nothing_from_while_it_was_open_again(
    clock: Clock, harbor: MirrorPortal
) -> None:
    """Reopening starts no new time for evidence: who joins then gets no credit by it."""
    moved_champion(harbor)
    harbor.settle()
    derived = harbor.derived(9)
    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    clock.at = NOW + timedelta(days=120)
    harbor.company(3, "Novum", "novum-tech.com")
    heard = [(-110, "a friend told me about you")]
    harbor.contact(
        13, 2, firstname="Kim", lastname="Oak", email="kim@zenit-labs.com", heard_from=heard
    )
    harbor.link("deal", 9, "contact", 13)
    harbor.change("deal", 9, **closed_won(-115, "40000.00"))
    harbor.settle()

    assert (harbor.booked(9), harbor.derived(9)) == (4_000_000, derived)


# Merges


@pytest.mark.parametrize(
    "order", [(0, 1), (1, 0)], ids=["as they happened", "the first one told last"]
)
def test_rows_keep_the_ids_they_were_booked_under(
    harbor: MirrorPortal, order: tuple[int, int]
) -> None:
    """RULES D17: 101 + 202 become 303; then 303 + 404 become 505. An event for 202 an hour late means 505."""
    merges = [((101, 202), 303), ((303, 404), 505)]
    for kind in ("contact", "company", "deal"):
        with harbor.context.transaction() as tx:
            for one in order:
                olds, new = merges[one]
                mirror.alias(tx, kind, olds, new, at=NOW)
            found = mirror.resolve(tx, kind, [101, 202, 303, 404, 505])
        assert found == dict.fromkeys((101, 202, 303, 404, 505), 505)


def test_credit_of_merged_contacts_is_one_persons(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    derived, rows = harbor.derived(9), len(harbor.ledger(9))
    harbor.contact(505, 2, firstname="Priya", lastname="Raman", email="priya.raman@zenit-labs.com",
                   hs_merged_object_ids="12")  # fmt: skip

    harbor.merge("contact", (12,), 505)
    harbor.settle()

    assert harbor.booked(9) == 4_000_000
    told, _ = bookkeeping.story(harbor.context, about=("contact", 12))
    assert told.derived_after == {"USD": harbor.derived(9)}
    if harbor.derived(9) == derived:
        assert len(harbor.ledger(9)) == rows


def test_a_merged_away_deal_says_into_which(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.deal(10, 2, 12, created=50, won=(15, "500.00"))
    harbor.settle()
    harbor.merge("deal", (10,), 9)
    harbor.settle()

    back = [row for row in harbor.ledger(10) if row["reverses"]]
    assert {row["occasion"] for row in back} == {"merged"}
    assert {row["reason"] for row in back} == {"deal 10 was merged into deal 9"}
    assert (harbor.booked(10), harbor.booked(9)) == (0, 4_000_000)


def test_companies_that_merge_keep_their_history_and_a_person_is_asked(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.settle()
    before = harbor.ledger(9)

    harbor.merge("company", (1,), 2)
    harbor.settle()

    assert harbor.ledger(9) == before
    assert harbor.kept("edge", to_deal_id=9) == []
    assert harbor.said("company", 2).get("second_order_deals", "0") == "0"
    # Companies add up to the total of the ledger, also of what is their own expansion by now.
    assert harbor.said("company", 2)["second_order_revenue"] == f"{harbor.derived(9) / 100:.2f}"
    (asked,) = harbor.kept("review", kind="merge", is_open=True)
    assert asked["question"] == "9:1"


def test_companies_that_merge_long_after_ask_nobody(clock: Clock, harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    before = harbor.ledger(9)
    clock.at = NOW + timedelta(days=300)
    with harbor.context.transaction() as tx:
        mirror.alias(tx, "company", (1,), 2, at=clock.at)
        mirror.retire(tx, "company", (1,), "merged")
        mirror.relink(tx, "company", (1,), 2)
        invalidation.record(
            tx,
            Change.RECORD_CHANGED,
            records={("company", 1), ("company", 2), ("deal", 9), ("contact", 12)},
        )
    harbor.settle()

    assert harbor.ledger(9) == before
    assert harbor.kept("review", kind="merge") == []


# Credit notes, replaced contracts


def test_a_credit_note_gives_back_by_the_shares_of_its_original(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.change("deal", 9, dealname="Platform licence")
    note = {"dealname": "Credit note: platform licence"}
    harbor.deal(10, 2, created=10, won=(5, "-10000.00"), **note)
    harbor.settle()

    share = harbor.derived(9) / 4_000_000
    assert harbor.booked(10) == -1_000_000
    assert harbor.derived(10) == pytest.approx(-1_000_000 * share, abs=1)
    assert harbor.values("credit_note", "original_id", deal_id=10) == [9]

    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    assert harbor.booked(10) == -1_000_000


def test_a_replaced_contract_is_no_loss(clock: Clock) -> None:
    portal = MirrorPortal(clock, HARBOR)
    portal.install(words=_with(replaced_stages=("replaced",)))
    moved_champion(portal)
    portal.settle()
    before = portal.ledger(9)
    portal.change("deal", 9, dealstage="replaced", hs_is_closed_won="false", hs_is_closed_lost="true",
                  closedate=day(1).isoformat())  # fmt: skip
    portal.settle()

    assert portal.ledger(9) == before
    assert summary(portal.context)["unbalanced_deals"] == []


def _with(**more: Any) -> Any:  # noqa: ANN401 - a builder passes any field on
    from dataclasses import replace  # noqa: PLC0415 - only here

    return replace(WORDS, **more)


# Privacy


def test_totals_do_not_move_when_a_person_is_forgotten(harbor: MirrorPortal) -> None:
    """RULES D18: removed champion 18,880.44 + 5,000.00; company before 60,000.00, after 60,000.00."""
    amounts = [(1, 7, 18_880_44), (1, 8, 5_000_00), (2, 8, 36_119_56)]
    for contact in (101, 102):
        harbor.contact(
            contact, 1, firstname="Priya", lastname="Raman", email=f"p{contact}@acme-tools.com"
        )
    with harbor.context.transaction() as tx:
        tx.run("INSERT INTO subject (portal_id, contact_id) VALUES (:portal, 101), (:portal, 102)")
        rows = [_entry(deal, subject, amount) for subject, deal, amount in amounts]
        entry_rows.append(tx, rows, NOW)
        before = entry_rows.by_company(tx, [1], "USD")
        booked = tx.rows("SELECT * FROM ledger ORDER BY entry_id")
        erasure.contact(tx, 101)
        after = entry_rows.by_company(tx, [1], "USD")

        assert before == after == {1: (60_000_00, 2)}
        assert tx.rows("SELECT * FROM ledger ORDER BY entry_id") == booked
    (removed, other) = sorted(
        summary(harbor.context)["people"], key=lambda one: one["contact_id"] or 0
    )
    assert (removed["name"], removed["revenue"]) == ("a removed person", "23880.44")
    assert (other["contact_id"], other["revenue"]) == (102, "36119.56")


def test_a_removed_person_who_stood_alone_is_folded_into_the_company(harbor: MirrorPortal) -> None:
    harbor.contact(101, 1, firstname="Priya", lastname="Raman", email="p@acme-tools.com")
    with harbor.context.transaction() as tx:
        tx.run("INSERT INTO subject (portal_id, contact_id) VALUES (:portal, 101)")
        entry_rows.append(tx, [_entry(7, 1, 60_000_00)], NOW)
        erasure.contact(tx, 101)

    found = summary(harbor.context)

    assert found["people"] == []
    assert [(one["company_id"], one["revenue"]) for one in found["companies"]] == [(1, "60000.00")]


def _entry(deal: int, subject: int, amount: int) -> dict[str, Any]:
    return {
        "deal_id": deal, "source_key": f"moved_champion|s{subject:020d}|{1:020d}", "kind": "moved_champion",
        "subject_id": subject, "company_id": 1, "deal_order": 2, "share": 10**11, "amount_minor": amount,
        "currency": "USD", "home_minor": None, "home_currency": None, "rate": None, "rate_at": None,
        "effective_at": NOW, "settings_version": 1, "occasion": "won", "origin_at": None, "evidence": [],
        "reason": "moved_champion: sourced", "reverses": None,
    }  # fmt: skip


# What is not booked


def test_what_is_not_booked_says_why(harbor: MirrorPortal, orchard: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    for number, more in enumerate(
        [{"amount": ""}, {"amount": "0"}, {"deal_currency_code": "XBT"}, {"amount": "1e300"}, {}],
        20,
    ):
        harbor.deal(number, 1, created=60, **{**closed_won(20, "100.00"), **more})
    harbor.settle()

    told = {one["deal_id"]: one["why"] for one in bookkeeping.pending(harbor.context)}

    assert set(told) == {20, 21, 22, 23}
    assert "no amount yet" in told[20]
    assert "is zero" in told[21]
    assert "no currency of ISO 4217" in told[22]
    assert "too large" in told[23]
    assert [harbor.booked(one) for one in range(20, 25)] == [0, 0, 0, 0, 10_000]
