"""Closed months, late evidence, diffs, credit notes and home currency: the ledger's rules beside its planning."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mappings.rules import changes, credit_notes, home, known, money, months
from mappings.rules.credit import allocate, split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry, Reason, Signal
from mappings.rules.ledger import Occasion, booked, plan_entries, standing
from mappings.rules.months import Closing
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import a_deal, a_move, a_source, day, the_three_sources
from tests.unit.test_rules_ledger import THREE, WON, Books


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OPENED = at("2025-06-01")
MAY, JUNE = at("2026-05-01"), at("2026-06-01")


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
    ids=["the evening before", "the tenth", "later", "the first", "a day February lacks", "just imported", "by hand"],
)
def test_a_month_closes_on_the_tenth_of_the_next(now: str, day_of_month: int, closed: str | None) -> None:
    found = months.due((), day_of_month, OPENED, at(now))

    assert (f"{found.month:%Y-%m}" if found else None) == closed


def test_a_closing_is_written_down_once() -> None:
    first = months.due((), 10, OPENED, at("2026-06-12"))
    assert first is not None
    assert first.at == at("2026-06-10")
    assert months.due((first,), 10, OPENED, at("2026-07-09")) is None
    later = months.due((first,), 10, OPENED, at("2026-07-10"))
    assert later is not None
    assert months.locked_before((first, later)) == at("2026-07-01")


def test_before_the_import_and_a_week_after_nothing_closes() -> None:
    assert months.due((), 10, None, at("2026-06-12")) is None
    assert months.due((), 10, at("2026-06-04"), at("2026-06-12")) is None
    assert months.due((), 10, at("2026-06-02"), at("2026-06-12")) is not None


def test_a_month_opened_by_hand_stays_open_until_it_is_closed_by_hand() -> None:
    log = [Closing(MAY, at("2026-06-10"), "close")]
    log.append(Closing(at("2026-04-01"), at("2026-06-11"), "reopen", "ana", "a forgotten invoice"))
    assert months.locked_before(log) == at("2026-04-01")
    log.append(Closing(JUNE, at("2026-07-10"), "close"))
    assert months.locked_before(log) == at("2026-04-01")
    log.append(Closing(at("2026-04-01"), at("2026-07-11"), "close", "ana", "done"))
    assert months.locked_before(log) == at("2026-07-01")
    assert months.closed_at(log, at("2026-04-01")) == at("2026-06-10")
    assert months.closed_at(log, at("2026-08-01")) is None


@pytest.mark.parametrize("text", ["2026-13", "May", "", "2026"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        months.read_month(text)


def test_a_refund_of_a_closed_month_lands_in_the_current_one_and_is_known_of_the_old() -> None:
    """Won in May, refunded in July: May reported 40,000 and is now known to be 30,000."""
    books, log = Books(), [Closing(MAY, at("2026-06-10"), "close")]
    won = replace(WON, closed_at=at("2026-05-20"))
    _post(books, won, at("2026-05-20"))
    _post(books, replace(won, amount_minor=3_000_000), at("2026-07-03"), months.locked_before(log))

    closed = months.closed_at(log, MAY)
    reported, known_now = months.as_reported(books.rows, MAY, closed), months.as_known(books.rows, MAY)
    july = months.as_reported(books.rows, at("2026-07-01"), None)

    assert [sum(row.amount_minor for row in rows) for rows in (reported, known_now, july)] == [
        4_000_000,
        3_000_000,
        -1_000_000,
    ]
    assert {row.origin_at for row in july} == {at("2026-05-20")}


def test_a_win_that_is_read_after_its_month_closed_lands_in_the_current_one() -> None:
    books = Books()
    _post(books, replace(WON, closed_at=at("2026-05-28")), at("2026-06-15"), JUNE)

    assert {(row.effective_at, row.origin_at) for row in books.rows} == {(at("2026-06-15"), at("2026-05-28"))}


def test_a_reopened_month_takes_rows_again_and_what_it_reported_stays() -> None:
    log = [Closing(MAY, at("2026-06-10"), "close"), Closing(MAY, at("2026-06-20"), "reopen", "ana", "late invoice")]
    books = Books()
    _post(books, replace(WON, closed_at=at("2026-05-28")), at("2026-06-21"), months.locked_before(log))

    assert {row.effective_at for row in books.rows} == {at("2026-05-28")}
    assert months.as_reported(books.rows, MAY, months.closed_at(log, MAY)) == ()
    assert len(months.as_known(books.rows, MAY)) == 4


def test_a_corrected_close_date_takes_the_money_to_the_other_month() -> None:
    books = Books()
    won = replace(WON, closed_at=at("2026-05-28"))
    _post(books, won, at("2026-05-28"))
    assert _post(books, replace(won, closed_at=at("2026-05-12")), at("2026-06-01")) == ()
    made = _post(books, replace(won, closed_at=at("2026-04-28")), at("2026-06-02"))

    assert {row.occasion for row in made} == {"close date"}
    assert months.as_known(books.rows, MAY)
    assert [sum(row.amount_minor for row in months.as_known(books.rows, one)) for one in (at("2026-04-01"), MAY)] == [
        4_000_000,
        0,
    ]


def _post(books: Books, deal: DealFacts, now: datetime, locked: datetime | None = None) -> tuple[Entry, ...]:
    made = books.post(deal, THREE, now, locked_before=locked)
    books.rows = [row if row.recorded_at else replace(row, recorded_at=now) for row in books.rows]
    return made


# Evidence of its time


def test_evidence_ends_ninety_days_after_the_first_close_or_at_a_persons_order() -> None:
    assert known.evidence_ends(WON, DEFAULT) == day(290)
    assert known.evidence_ends(WON, DEFAULT, ordered_at=day(500)) == day(500)
    assert known.evidence_ends(WON, DEFAULT, ordered_at=day(210)) == day(290)
    assert known.evidence_ends(replace(WON, is_won=False), DEFAULT) is None
    assert known.evidence_ends(replace(WON, closed_at=None), DEFAULT) is None


def test_a_deal_won_again_is_judged_as_of_its_first_win() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    again = replace(WON, closed_at=day(300))
    assert known.as_first_won(again, books.rows) == again

    books.post(replace(WON, is_won=False, is_closed=False), THREE, day(250))

    assert known.as_first_won(again, books.rows) == WON
    assert known.evidence_ends(known.as_first_won(again, books.rows), DEFAULT) == day(290)


def test_a_move_counts_by_the_signals_that_were_there() -> None:
    why = Reason("x", "x")
    mail, bounce = Signal("email", 900_000, day(50), "mail", why), Signal("hard_bounce", 350_000, day(300), "b", why)
    move = a_move(signals=(mail, bounce), p_moved=935_000, confidence=935_000)

    assert known.move_by(day(300), move, DEFAULT) is move
    early = known.move_by(day(200), move, DEFAULT)
    assert early is not None
    assert (early.confidence, early.status, early.signals) == (900_000, "auto", (mail,))
    assert known.move_by(day(49), move, DEFAULT) is None


def test_a_move_that_was_not_conclusive_then_was_no_move_then() -> None:
    why = Reason("x", "x")
    mail, bounce = Signal("email", 900_000, day(300), "mail", why), Signal("hard_bounce", 350_000, day(50), "b", why)

    early = known.move_by(day(200), a_move(signals=(mail, bounce)), DEFAULT)

    assert early is not None
    assert early.status == "stored"


def test_a_move_that_a_person_confirmed_counts_whatever_its_signals_date_from() -> None:
    late = Signal("hard_bounce", 350_000, day(300), "b", Reason("x", "x"))
    confirmed = a_move(signals=(late,), confidence=350_000, status="auto")

    assert known.move_by(day(200), confirmed, DEFAULT) is confirmed


def test_a_final_judgement_grows_by_what_was_known_in_time_and_never_shrinks() -> None:
    one, two, three = the_three_sources()

    assert known.grown((one, two), (one,)) is None
    assert known.grown((one, two), (one, replace(two, raw=two.raw + 1))) is None
    assert known.grown((one,), (one, three)) == (one, three)
    more = replace(two, raw=two.raw + 1, because=(Reason("named_company", "x", day(50)),))
    assert known.grown((one, two), (more,)) == (one, more)


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
    assert changes.in_words(refund)[0] == "2025-02-04  Deal 7 changed its amount: -10,000.00 USD"
    assert "    moved champion: -4,720.11 USD booked" in changes.in_words(refund)


def test_later_evidence_is_told_as_what_was_taken_back_and_booked() -> None:
    books = Books()
    _post(books, WON, day(200))
    books.post(WON, THREE[:2], day(250))

    first, second = changes.changes_of(books.rows)

    assert (first.occasion, first.differences) == ("won", {"USD": 4_000_000})
    assert (second.occasion, second.differences) == ("evidence", {"USD": 0})
    words = {name: text for _, name, text in (one.partition("referral: ") for one in changes.in_words(second))}
    assert "taken back" in words["referral: "]
    assert "share 37.54 % ->" in words["referral: "]


def test_any_part_of_the_ledger_tells_its_own_difference() -> None:
    books = Books()
    _post(books, WON, day(200))
    books.post(replace(WON, is_won=False), THREE, day(250))
    books.post(replace(WON, closed_at=day(260), currency="EUR"), THREE, day(260))
    mine = [row for row in books.rows if row.kind == "referral"]

    told = changes.story(mine, None)

    assert told.after == {"USD": 0, "EUR": 1_501_602}
    assert [one.differences for one in told.changes] == [{"USD": 1_501_602}, {"USD": -1_501_602}, {"EUR": 1_501_602}]
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


# Home currency


def test_a_rate_is_frozen_at_the_close() -> None:
    """RULES D19: 40,000 euros at 1.08 are 43,200.00 dollars, for ever; at today's 1.15 they would read 46,000."""
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", rate="1.08")
    books.post(euros, THREE, day(200))
    assert books.post(replace(euros, rate="1.15"), THREE, day(900)) == ()

    assert sum(row.home_amount_minor or 0 for row in books.rows) == 43_200_00
    assert money.convert(40_000_00, "EUR", "1.15", "USD") == 46_000_00
    assert {row.rate_at for row in books.rows} == {day(200)}


@pytest.mark.parametrize(
    ("amount", "currency", "rate", "home_currency", "total"),
    [
        (4_000_000, "EUR", "1.08", "USD", 4_320_000),
        (1_000_001, "JPY", "0.0067", "USD", 670_001),
        (1_234_567, "KWD", "3.25", "USD", 401_234),
        (100, "USD", "149.253731", "JPY", 149),
        (-1_000_00, "EUR", "1.08", "USD", -1_080_00),
    ],
)
def test_each_row_is_converted_and_the_rounded_rest_placed(
    amount: int, currency: str, rate: str, home_currency: str, total: int
) -> None:
    deal = replace(WON, amount_minor=amount, currency=currency, rate=rate, home_currency=home_currency)
    books = Books()
    books.post(deal, THREE, day(200))

    assert home.total(deal) == total
    assert sum(row.home_amount_minor or 0 for row in books.rows) == total
    assert [row.home_amount_minor for row in books.rows] == list(split(total, booked(books.rows).shares).values())


def test_hubspots_amount_wins_at_the_frozen_rate_and_only_there() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", rate="1.08", home_amount_minor=4_320_001)
    books.post(euros, THREE, day(200))
    assert _home(books) == 4_320_001

    books.post(replace(euros, amount_minor=3_000_000, home_amount_minor=3_240_002), THREE, day(300))
    assert _home(books) == 3_240_002

    books.post(replace(euros, amount_minor=2_000_000, home_amount_minor=2_300_000, rate="1.15"), THREE, day(301))
    assert _home(books) == 2_160_000


def test_without_a_rate_the_ratio_of_the_close_is_the_rate() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", home_amount_minor=4_320_000)
    books.post(euros, THREE, day(200))
    books.post(replace(euros, amount_minor=2_000_000, home_amount_minor=2_300_000), THREE, day(300))

    assert _home(books) == 2_160_000


def test_a_home_amount_that_comes_later_is_booked_then() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD")
    books.post(euros, THREE, day(200))
    assert {row.home_amount_minor for row in books.rows} == {None}

    made = books.post(replace(euros, home_amount_minor=4_320_000), THREE, day(201))

    assert {row.occasion for row in made} == {"home"}
    assert _home(books) == 4_320_000
    assert books.total == 4_000_000


def test_old_rows_keep_the_home_currency_they_were_booked_in() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", rate="1.08")
    books.post(euros, THREE, day(200))
    moved = replace(euros, amount_minor=3_000_000, home_currency="GBP", rate="0.86", home_amount_minor=2_580_000)
    books.post(moved, THREE, day(500))

    assert {row.home_currency for row in books.rows} == {"USD"}
    assert _home(books) == 3_240_000


def test_a_rate_that_makes_more_than_money_is_no_rate() -> None:
    assert home.total(replace(WON, amount_minor=money.LARGEST, rate="9999999", home_currency="JPY")) is None


def _home(books: Books) -> int:
    return sum(row.home_amount_minor or 0 for row in books.rows)


# What cannot be booked


@pytest.mark.parametrize(
    ("amount", "currency", "why"),
    [
        ("1000", "XBT", "is no currency of ISO 4217"),
        ("1000", "", "no currency"),
        ("", "USD", "no amount yet"),
        ("0.00", "USD", "is zero"),
        ("1e400", "USD", "is too large"),
        ("92233720368547758.08", "USD", "is too large"),
        ("a lot", "USD", "not an amount"),
        ("1,000", "USD", "not an amount"),
    ],
)
def test_what_cannot_be_booked_is_refused_in_a_sentence(amount: str, currency: str, why: str) -> None:
    said = money.refusal(amount, currency)

    assert said is not None
    assert why in said
    assert said.endswith(".")


@pytest.mark.parametrize(("amount", "currency"), [("1000", "JPY"), ("-0.001", "KWD"), ("12.34", "eur")])
def test_what_can_be_booked_is_not(amount: str, currency: str) -> None:
    assert money.refusal(amount, currency) is None


@pytest.mark.parametrize("currency", ["XBT", "", None])
def test_an_unknown_currency_books_nothing_and_takes_back_what_was_booked(currency: str | None) -> None:
    books = Books()
    odd = replace(WON, currency=currency)
    assert plan_entries(odd, (), None, Occasion(day(200)), DEFAULT) == ()

    books.post(WON, THREE, day(200))
    for row in plan_entries(odd, books.rows, None, Occasion(day(210)), DEFAULT):
        books.rows.append(replace(row, id=len(books.rows) + 1))

    assert books.total == 0
    assert standing(books.rows) == ()


# Odd deals


def test_a_deal_closed_before_it_was_created_is_dated_at_its_close() -> None:
    books = Books()
    books.post(a_deal(created=300, closed=200), THREE, day(310))

    assert ({row.effective_at for row in books.rows}, books.total) == ({day(200)}, 4_000_000)


def test_a_win_without_a_close_date_counts_from_when_we_saw_it() -> None:
    books = Books()
    books.post(replace(WON, closed_at=None), THREE, day(310))

    assert ({row.effective_at for row in books.rows}, books.total) == ({day(310)}, 4_000_000)
    assert books.post(replace(WON, closed_at=None), THREE, day(400)) == ()


def test_a_close_date_to_come_counts_from_now() -> None:
    books = Books()
    future = replace(WON, closed_at=day(500))
    books.post(future, THREE, day(310))

    assert {row.effective_at for row in books.rows} == {day(310)}
    assert books.post(future, THREE, day(400)) == ()


def test_two_things_at_one_moment_are_both_booked() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    books.post(replace(WON, is_won=False), THREE, day(200))
    books.post(replace(WON, amount_minor=5), THREE, day(200))

    assert books.total == 5
    assert [one.occasion for one in changes.changes_of(books.rows)] == ["won", "lost", "rewon"]


def test_a_replaced_contract_is_no_loss() -> None:
    books = Books()
    books.post(WON, THREE, day(200))

    assert books.post(replace(WON, is_replaced=True, closed_at=day(500)), (), day(500)) == ()
    assert books.total == 4_000_000


def test_a_deal_that_was_merged_away_says_into_which() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    made = books.post(replace(WON, archived=True), THREE, day(210), merged_into=505)

    assert {row.reason for row in made} == {"deal 7 was merged into deal 505"}
    assert books.total == 0


def test_a_persons_order_is_told_as_one() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    made = books.post(WON, THREE[:1], day(900), ordered=True)

    assert {row.occasion for row in made} == {"ordered"}
    assert books.total == 4_000_000


def test_money_of_any_size_is_shared_to_the_last_unit() -> None:
    for amount in (1, -1, money.LARGEST, -money.LARGEST):
        shared = allocate(7, amount, "USD", (a_source(),), DEFAULT)
        assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == amount
