from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.attribution.credit import FIRST_ORDER, allocate
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import Allocation, Entry, Source
from mappings.rules.ledger.entries import Occasion, booked, plan_entries
from mappings.rules.policy import DEFAULT
from tests.unit.rules_builders import a_deal, a_source, day, the_three_sources

History = list[tuple[dict[str, Any], tuple[Source, ...], int]]


class Books:
    """A ledger in memory: posts what the rule plans and numbers the rows."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []

    def post(
        self, deal: DealFacts, sources: tuple[Source, ...], at: datetime, **options: object
    ) -> tuple[Entry, ...]:
        wanted = _wanted(deal, sources)
        made = plan_entries(deal, self.rows, wanted, Occasion(at, **options), DEFAULT)  # type: ignore[arg-type]
        for row in made:
            self.rows.append(replace(row, id=len(self.rows) + 1))
        return made

    @property
    def amounts(self) -> list[int]:
        return [amount for amount in booked(self.rows).amounts.values() if amount]

    @property
    def total(self) -> int:
        return sum(row.amount_minor for row in self.rows)


def _wanted(deal: DealFacts, sources: tuple[Source, ...]) -> Allocation | None:
    if not deal.amount_minor or not deal.currency:
        return None
    return allocate(deal.id, deal.amount_minor, deal.currency, sources, DEFAULT)


WON = a_deal(created=100, closed=200)
THREE = the_three_sources()


@pytest.fixture
def books() -> Books:
    made = Books()
    made.post(WON, THREE, day(200))
    return made


def test_a_win_books_every_source_and_the_remainder_at_the_close_date(books: Books) -> None:
    assert books.amounts == [1_888_044, 1_501_602, 463_730, 146_624]
    assert {row.effective_at for row in books.rows} == {day(200)}
    assert [row.kind for row in books.rows] == [
        "moved_champion",
        "referral",
        "word_of_mouth",
        FIRST_ORDER,
    ]


def test_doing_it_twice_appends_nothing(books: Books) -> None:
    assert books.post(WON, THREE, day(201)) == ()


def test_a_refund_books_the_differences_at_frozen_shares(books: Books) -> None:
    made = books.post(replace(WON, amount_minor=3_000_000), THREE, day(400))

    assert [row.amount_minor for row in made] == [-472_011, -375_400, -115_933, -36_656]
    assert books.total == 3_000_000


def test_a_reopened_deal_is_taken_back_in_full_on_the_day_it_happened(books: Books) -> None:
    made = books.post(replace(WON, is_won=False, is_closed=False), THREE, day(250))

    assert [row.reverses for row in made] == [1, 2, 3, 4]
    assert {row.effective_at for row in made} == {day(250)}
    assert (books.total, {row.occasion for row in made}) == (0, {"reopened"})


def test_a_deal_won_again_books_new_rows_by_its_evidence(books: Books) -> None:
    books.post(replace(WON, is_won=False, is_closed=False), THREE, day(250))

    made = books.post(replace(WON, closed_at=day(300)), THREE[:1], day(300))

    assert [row.occasion for row in made] == ["rewon", "rewon"]
    assert books.total == 4_000_000


def test_a_lost_deal_is_reversed(books: Books) -> None:
    made = books.post(replace(WON, is_won=False), THREE, day(250))

    assert {row.occasion for row in made} == {"lost"}
    assert books.total == 0


def test_a_deleted_deal_keeps_its_rows_and_a_restored_one_gets_its_shares_back(
    books: Books,
) -> None:
    books.post(replace(WON, archived=True), THREE, day(500))
    assert (books.total, len(books.rows)) == (0, 8)

    made = books.post(WON, (), day(520))

    assert [row.amount_minor for row in made] == [1_888_044, 1_501_602, 463_730, 146_624]
    assert {row.occasion for row in made} == {"restored"}


def test_late_evidence_counts_for_ninety_days(books: Books) -> None:
    made = books.post(WON, THREE[:2], day(290))

    assert [row.occasion for row in made] == ["evidence"] * 7
    assert books.total == 4_000_000
    assert len(books.amounts) == 3


def test_after_ninety_days_only_a_person_changes_shares(books: Books) -> None:
    assert books.post(WON, THREE[:2], day(291)) == ()
    assert len(books.post(WON, THREE[:2], day(291), reevaluate=True)) == 7


def test_a_deal_without_amount_waits_until_one_arrives() -> None:
    books = Books()
    empty = replace(WON, amount_minor=None)

    assert books.post(empty, THREE, day(200)) == ()
    assert books.post(replace(WON, amount_minor=0), THREE, day(201)) == ()
    assert len(books.post(WON, THREE, day(202))) == 4


def test_an_amount_that_is_emptied_later_takes_the_money_back(books: Books) -> None:
    books.post(replace(WON, amount_minor=None), THREE, day(300))

    assert (books.total, books.amounts) == (0, [])
    books.post(WON, THREE, day(301))
    assert books.amounts == [1_888_044, 1_501_602, 463_730, 146_624]


def test_changes_of_a_locked_month_land_in_the_current_one(books: Books) -> None:
    late = Books()
    made = late.post(WON, THREE, day(260), locked_before=day(240))

    assert {row.effective_at for row in made} == {day(260)}
    assert {row.origin_at for row in made} == {day(200)}


def test_a_credit_note_is_shared_like_a_deal() -> None:
    books = Books()
    books.post(replace(WON, amount_minor=-1001), THREE, day(200))

    assert books.total == -1001
    assert all(amount < 0 for amount in books.amounts)


def test_home_amounts_stay_at_the_rate_of_the_close() -> None:
    books = Books()
    euro = replace(WON, currency="EUR", home_currency="USD", rate="1.08")
    books.post(euro, THREE, day(200))
    assert sum(row.home_amount_minor or 0 for row in books.rows) == 4_320_000

    books.post(replace(euro, amount_minor=3_000_000, rate="1.15"), THREE, day(300))

    assert sum(row.home_amount_minor or 0 for row in books.rows) == 3_240_000


def test_hubspots_own_home_amount_wins_over_the_rate() -> None:
    books = Books()
    books.post(
        replace(WON, currency="EUR", home_currency="USD", rate="1.08", home_amount_minor=4_319_999),
        THREE,
        day(200),
    )

    assert sum(row.home_amount_minor or 0 for row in books.rows) == 4_319_999


def test_another_currency_rebooks_with_the_same_shares(books: Books) -> None:
    books.post(replace(WON, currency="EUR"), (), day(500))

    live = booked(books.rows).live
    assert {row.currency for row in live} == {"EUR"}
    assert [row.amount_minor for row in live] == [1_888_044, 1_501_602, 463_730, 146_624]


def test_a_deal_in_a_pipeline_that_does_not_count_books_nothing() -> None:
    assert (
        plan_entries(replace(WON, pipeline_included=False), (), None, Occasion(day(200)), DEFAULT)
        == ()
    )


def test_a_deal_whose_pipeline_no_longer_counts_was_not_lost_and_gets_its_shares_back(
    books: Books,
) -> None:
    made = books.post(replace(WON, pipeline_included=False), THREE, day(400))
    assert {(row.occasion, row.reason) for row in made} == {
        ("excluded", "deal 7 is in a pipeline that no longer counts")
    }
    assert books.total == 0

    assert {row.occasion for row in books.post(WON, THREE[:1], day(500))} == {"restored"}
    assert books.amounts == [1_888_044, 1_501_602, 463_730, 146_624]


def test_credits_that_became_one_are_not_rounded_anew() -> None:
    """Two people who turn out to be one: their cents stay until the amount changes."""
    deal = replace(WON, amount_minor=16, home_currency="USD", home_amount_minor=16)
    two = (a_source(w=900_000, p=400_000, person_id=1), a_source(w=550_000, p=310_000, person_id=2))
    books = Books()
    books.post(deal, two, day(200))
    books.rows = [
        replace(row, key=two[0].key) if row.key == two[1].key else row for row in books.rows
    ]

    assert books.post(deal, (), day(900)) == ()
    books.post(replace(deal, amount_minor=15, home_amount_minor=15), (), day(901))
    assert (books.total, sum(row.home_amount_minor or 0 for row in books.rows)) == (15, 15)


states = st.fixed_dictionaries(
    {
        "is_won": st.booleans(),
        "is_closed": st.booleans(),
        "archived": st.booleans(),
        "amount_minor": st.none() | st.integers(-(10**9), 10**12),
        "currency": st.sampled_from(["USD", "EUR", "JPY"]),
        "rate": st.sampled_from(["1.08", "1.15", None]),
        "home_currency": st.just("USD"),
    }
)
evidence = st.lists(
    st.builds(
        lambda person, p: a_source(p=p, person_id=person, contact_id=person),
        st.integers(1, 4),
        st.integers(0, PPM),
    ),
    max_size=4,
).map(tuple)


@settings(max_examples=150)
@given(st.lists(st.tuples(states, evidence, st.integers(0, 60)), max_size=12))
def test_whatever_happens_the_ledger_says_the_deal(history: History) -> None:
    books, today = Books(), 200
    for state, sources, gap in history:
        today += gap
        deal = replace(WON, **state)
        before = tuple(books.rows)
        books.post(deal, sources, day(today))

        live = booked(books.rows)
        assert tuple(books.rows[: len(before)]) == before
        assert books.total == live.amount == ((deal.amount_minor or 0) if deal.counts_as_won else 0)
        assert books.post(deal, sources, day(today)) == ()
        assert len({row.reverses for row in books.rows if row.reverses}) == sum(
            1 for row in books.rows if row.reverses
        )
