"""Closed months, late evidence, diffs and credit notes: the ledger's rules beside its planning."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry, Reason, Signal
from mappings.rules.ledger import as_of_win, changes, credit_notes, periods
from mappings.rules.ledger.periods import Closing
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import a_move, day, the_three_sources
from tests.unit.test_rules_ledger import THREE, WON, Books


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OPENED = at("2025-06-01")
APRIL, MAY, JUNE, JULY, AUGUST = (date(2026, number, 1) for number in range(4, 9))


# Months


@pytest.mark.parametrize(
    ("now", "day_of_month", "closed"),
    [
        ("2026-06-09T23:59:59", 10, "2026-04"),
        ("2026-06-10T00:00:00", 10, "2026-05"),
        ("2026-06-30", 10, "2026-05"),
        ("2026-06-01", 1, "2026-05"),
        ("2026-02-28", 31, "2026-01"),
        ("2025-06-07", 10, None),
        ("2026-06-10", 0, None),
    ],
    ids=[
        "the evening before",
        "the tenth",
        "later",
        "the first",
        "a day February lacks",
        "just imported",
        "by hand",
    ],
)
def test_a_month_closes_on_the_tenth_of_the_next(
    now: str, day_of_month: int, closed: str | None
) -> None:
    found = periods.due((), day_of_month, OPENED, at(now))

    assert (f"{found.month:%Y-%m}" if found else None) == closed


def test_a_closing_is_written_down_once() -> None:
    first = periods.due((), 10, OPENED, at("2026-06-12"))
    assert first is not None
    assert first.at == at("2026-06-10")
    assert periods.due((first,), 10, OPENED, at("2026-07-09")) is None
    later = periods.due((first,), 10, OPENED, at("2026-07-10"))
    assert later is not None
    assert periods.locked_before((first, later)) == at("2026-07-01")


def test_before_the_import_and_a_week_after_nothing_closes() -> None:
    assert periods.due((), 10, None, at("2026-06-12")) is None
    assert periods.due((), 10, at("2026-06-04"), at("2026-06-12")) is None
    assert periods.due((), 10, at("2026-06-02"), at("2026-06-12")) is not None


def test_a_month_opened_by_hand_stays_open_until_it_is_closed_by_hand() -> None:
    log = [Closing(MAY, at("2026-06-10"), "close")]
    log.append(Closing(APRIL, at("2026-06-11"), "reopen", "ana", "a forgotten invoice"))
    assert periods.locked_before(log) == at("2026-04-01")
    log.append(Closing(JUNE, at("2026-07-10"), "close"))
    assert periods.locked_before(log) == at("2026-04-01")
    log.append(Closing(APRIL, at("2026-07-11"), "close", "ana", "done"))
    assert periods.locked_before(log) == at("2026-07-01")
    assert periods.closed_at(log, APRIL) == at("2026-06-10")
    assert periods.closed_at(log, AUGUST) is None


@pytest.mark.parametrize("text", ["2026-13", "May", "", "2026"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        periods.read_month(text)


def test_a_refund_of_a_closed_month_lands_in_the_current_one_and_is_known_of_the_old() -> None:
    """Won in May, refunded in July: May reported 40,000 and is now known to be 30,000."""
    books, log = Books(), [Closing(MAY, at("2026-06-10"), "close")]
    won = replace(WON, closed_at=at("2026-05-20"))
    _post(books, won, at("2026-05-20"))
    _post(books, replace(won, amount_minor=3_000_000), at("2026-07-03"), periods.locked_before(log))

    closed = periods.closed_at(log, MAY)
    reported, known_now = (
        periods.as_reported(books.rows, MAY, closed),
        periods.as_known(books.rows, MAY),
    )
    july = periods.as_reported(books.rows, JULY, None)

    assert [sum(row.amount_minor for row in rows) for rows in (reported, known_now, july)] == [
        4_000_000,
        3_000_000,
        -1_000_000,
    ]
    assert {row.origin_at for row in july} == {at("2026-05-20")}


def test_a_win_that_is_read_after_its_month_closed_lands_in_the_current_one() -> None:
    books = Books()
    _post(books, replace(WON, closed_at=at("2026-05-28")), at("2026-06-15"), at("2026-06-01"))

    assert {(row.effective_at, row.origin_at) for row in books.rows} == {
        (at("2026-06-15"), at("2026-05-28"))
    }


def test_a_reopened_month_takes_rows_again_and_what_it_reported_stays() -> None:
    log = [
        Closing(MAY, at("2026-06-10"), "close"),
        Closing(MAY, at("2026-06-20"), "reopen", "ana", "late invoice"),
    ]
    books = Books()
    _post(
        books,
        replace(WON, closed_at=at("2026-05-28")),
        at("2026-06-21"),
        periods.locked_before(log),
    )

    assert {row.effective_at for row in books.rows} == {at("2026-05-28")}
    assert periods.as_reported(books.rows, MAY, periods.closed_at(log, MAY)) == ()
    assert len(periods.as_known(books.rows, MAY)) == 4


def test_a_corrected_close_date_takes_the_money_to_the_other_month() -> None:
    books = Books()
    won = replace(WON, closed_at=at("2026-05-28"))
    _post(books, won, at("2026-05-28"))
    assert _post(books, replace(won, closed_at=at("2026-05-12")), at("2026-06-01")) == ()
    made = _post(books, replace(won, closed_at=at("2026-04-28")), at("2026-06-02"))

    assert {row.occasion for row in made} == {"close date"}
    assert periods.as_known(books.rows, MAY)
    assert [
        sum(row.amount_minor for row in periods.as_known(books.rows, one)) for one in (APRIL, MAY)
    ] == [
        4_000_000,
        0,
    ]


def _post(
    books: Books, deal: DealFacts, now: datetime, locked: datetime | None = None
) -> tuple[Entry, ...]:
    made = books.post(deal, THREE, now, locked_before=locked)
    books.rows = [row if row.recorded_at else replace(row, recorded_at=now) for row in books.rows]
    return made


# Evidence of its time


def test_evidence_ends_ninety_days_after_the_first_close_or_at_a_persons_order() -> None:
    assert as_of_win.evidence_ends(WON, DEFAULT) == day(290)
    assert as_of_win.evidence_ends(WON, DEFAULT, ordered_at=day(500)) == day(500)
    assert as_of_win.evidence_ends(WON, DEFAULT, ordered_at=day(210)) == day(290)
    assert as_of_win.evidence_ends(replace(WON, is_won=False), DEFAULT) is None
    assert as_of_win.evidence_ends(replace(WON, closed_at=None), DEFAULT) is None


def test_a_deal_won_again_is_judged_as_of_its_first_win() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    again = replace(WON, closed_at=day(300))
    assert as_of_win.as_first_won(again, books.rows) == again

    books.post(replace(WON, is_won=False, is_closed=False), THREE, day(250))

    assert as_of_win.as_first_won(again, books.rows) == WON
    assert as_of_win.evidence_ends(as_of_win.as_first_won(again, books.rows), DEFAULT) == day(290)


def test_a_move_counts_by_the_signals_that_were_there() -> None:
    why = Reason("x", "x")
    mail, bounce = (
        Signal("email", 900_000, day(50), "mail", why),
        Signal("hard_bounce", 350_000, day(300), "b", why),
    )
    move = a_move(signals=(mail, bounce), p_moved=935_000, confidence=935_000)

    assert as_of_win.move_by(day(300), move, DEFAULT) is move
    early = as_of_win.move_by(day(200), move, DEFAULT)
    assert early is not None
    assert (early.confidence, early.status, early.signals) == (900_000, "auto", (mail,))
    assert as_of_win.move_by(day(49), move, DEFAULT) is None


def test_a_move_that_was_not_conclusive_then_was_no_move_then() -> None:
    why = Reason("x", "x")
    mail, bounce = (
        Signal("email", 900_000, day(300), "mail", why),
        Signal("hard_bounce", 350_000, day(50), "b", why),
    )

    early = as_of_win.move_by(day(200), a_move(signals=(mail, bounce)), DEFAULT)

    assert early is not None
    assert early.status == "stored"


def test_a_move_that_a_person_confirmed_counts_whatever_its_signals_date_from() -> None:
    late = Signal("hard_bounce", 350_000, day(300), "b", Reason("x", "x"))
    confirmed = a_move(signals=(late,), confidence=350_000, status="auto")

    assert as_of_win.move_by(day(200), confirmed, DEFAULT) is confirmed


def test_a_final_judgement_grows_by_what_was_known_in_time_and_never_shrinks() -> None:
    one, two, three = the_three_sources()

    assert as_of_win.with_late_readings((one, two), (one,)) is None
    assert as_of_win.with_late_readings((one, two), (one, replace(two, raw=two.raw + 1))) is None
    assert as_of_win.with_late_readings((one,), (one, three)) == (one, three)
    more = replace(two, raw=two.raw + 1, because=(Reason("named_company", "x", day(50)),))
    assert as_of_win.with_late_readings((one, two), (more,)) == (one, more)


# Diffs


def test_a_refund_is_told_in_lines_that_add_up() -> None:
    """RULES D16: the $40,000 deal gets a $10,000 refund."""
    books = Books()
    _post(books, WON, day(200))
    _post(books, replace(WON, amount_minor=3_000_000), day(400))

    told = changes.story(books.rows, day(300))
    (refund,) = told.changes

    assert [line.difference for line in refund.lines] == [-472_011, -375_400, -115_933, -36_656]
    assert (refund.differences, refund.derived) == ({"USD": -1_000_000}, {"USD": -963_344})
    assert (told.before, told.after) == ({"USD": 4_000_000}, {"USD": 3_000_000})
    assert changes.in_words(refund)[0] == "4 February 2025: Deal 7 changed its amount: -$10,000.00"
    assert "    moved champion: -$4,720.11 booked" in changes.in_words(refund)


def test_later_evidence_is_told_as_what_was_taken_back_and_booked() -> None:
    books = Books()
    _post(books, WON, day(200))
    books.post(WON, THREE[:2], day(250))

    first, second = changes.changes_of(books.rows)

    assert (first.occasion, first.differences) == ("won", {"USD": 4_000_000})
    assert (second.occasion, second.differences) == ("evidence", {"USD": 0})
    words = {
        name: text
        for _, name, text in (one.partition("referral: ") for one in changes.in_words(second))
    }
    assert "taken back" in words["referral: "]
    assert "share 37.54% ->" in words["referral: "]
    (news,) = changes.changes_of(
        row for row in books.rows if row.occasion == "evidence" and row.reverses is None
    )
    assert news.reason == "deal 7 was judged anew by later evidence"


def test_any_part_of_the_ledger_tells_its_own_difference() -> None:
    books = Books()
    _post(books, WON, day(200))
    books.post(replace(WON, is_won=False), THREE, day(250))
    books.post(replace(WON, closed_at=day(260), currency="EUR"), THREE, day(260))
    mine = [row for row in books.rows if row.kind == "referral"]

    told = changes.story(mine, None)

    assert told.after == {"USD": 0, "EUR": 1_501_602}
    assert [one.differences for one in told.changes] == [
        {"USD": 1_501_602},
        {"USD": -1_501_602},
        {"EUR": 1_501_602},
    ]
    assert [one.reason for one in told.changes] == ["deal 7 was won", "deal 7 was lost after it had been won",
                                                    "deal 7 was won again"]  # fmt: skip


# Credit notes


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("Credit note: Platform licence", "platform licence"),
        ("Refund for Platform Licence", "platform licence"),
        ("Gutschrift zu Plattform-Lizenz", "plattform lizenz"),
        ("Platform licence (credit note)", "platform licence"),
        ("Avoir sur Licence", "licence"),
        ("Nota de crédito de Licencia", "licencia"),
        ("Refund #1234567", "1234567"),
        ("Platform licence", ""),
    ],
)
def test_a_credit_note_says_whose_it_is(name: str, named: str) -> None:
    assert credit_notes.named_in(name) == named


def test_a_credit_note_belongs_to_the_one_deal_of_its_company_that_it_names() -> None:
    deal = replace(WON, name="Platform licence")
    note = replace(WON, id=8, name="Credit note: platform licence", amount_minor=-1_000_000)

    assert credit_notes.original_of(note, [deal, note]) == 7
    assert credit_notes.original_of(replace(note, name="Refund 7"), [deal]) == 7
    assert credit_notes.original_of(note, [deal, replace(deal, id=9)]) is None
    assert credit_notes.original_of(note, [replace(deal, company_id=99)]) is None
    assert credit_notes.original_of(note, [replace(deal, currency="EUR")]) is None
    assert credit_notes.original_of(replace(note, amount_minor=5), [deal]) is None
    assert credit_notes.original_of(note, [deal, replace(deal, id=9, closed_at=day(201))]) == 7
