"""A deal counts by what the admin chose: who was a customer when the mover left, and within the window."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.accuracy import choosing, definition
from tests.accuracy.choosing import Judged
from tests.accuracy.definition import (
    CAME_LATER,
    LONG_AGO,
    NO_CUSTOMER,
    NOBODY,
    RETURN,
    STAGE_ALWAYS,
    STAGE_REACHED,
    WON_DEALS,
    Rule,
    by_definition,
)
from tests.accuracy.reading import FoundSource, Reading
from tests.sandbox.town_rows import Link, Record, Setup, Town, Value
from tests.sandbox.truth import Conclusions
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, DealTruth, Move, Source, Truth

ACME, ZENIT, OTHER = 10, 20, 30
LEFT = date(2024, 3, 1)
OPENED = date(2024, 9, 1)
# Eva left Acme in March, stood on record at Zenit from May on, and is on the deal of September.
EVA = Move(
    "Eva", 1, 2, ACME, ZENIT, date(2024, 4, 1), "new_record", "move",
    from_customer=True, observed=date(2024, 5, 1), left=LEFT,
)  # fmt: skip
DEAL = DealTruth(7, ZENIT, won=True, amount=40_000, currency="USD", note="mover_from_non_customer")
FIRST = DealTruth(5, ACME, won=True, amount=9_000, currency="USD")


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def a_company(number: int, **stages: date) -> Record:
    values = (Value("lifecyclestage", stage, at(day), "CRM_UI") for stage, day in stages.items())
    return Record("company", number, at(date(2020, 1, 1)), tuple(values))


def a_deal(number: int, opened: date, closed: date | None) -> Record:
    values = [Value("dealstage", "closedwon" if closed else "engaging", at(opened), "CRM_UI")]
    if closed:
        values.append(Value("closedate", f"{closed.isoformat()}T00:00:00Z", at(closed), "CRM_UI"))
    return Record("deal", number, at(opened), tuple(values))


def a_town(
    *moves: Move,
    on_it: Sequence[tuple[int, date]] = ((2, OPENED),),
    bought: date = date(2024, 1, 1),
    reached: date = date(2024, 1, 1),
    first: DealTruth = FIRST,
) -> Town:
    """Acme bought and reached the stage on those days; its first deal and Zenit's, which was won in December."""
    records = (
        a_company(ACME, opportunity=date(2020, 1, 1), customer=reached),
        a_company(ZENIT, lead=date(2020, 1, 1)),
        a_deal(5, date(2023, 1, 1), bought),
        a_deal(7, OPENED, date(2024, 12, 1)),
    )
    known = Truth(
        moves=moves or (EVA,),
        deals=(first, DEAL),
        people={1: "Eva", 2: "Eva", 3: "Bo"},
        customers=(ACME,),
        knows_referrals=False,
    )
    links = tuple(Link("deal", 7, "contact", contact, "", at(day)) for contact, day in on_it)
    return Town(Setup("USD", (), (), (), (), ()), records, links, known)


def judged(town: Town, customers: str = WON_DEALS, window: int = 730) -> DealTruth:
    return by_definition(town, Rule(customers, window)).deals[1]


@pytest.mark.parametrize("rule", [WON_DEALS, STAGE_REACHED, STAGE_ALWAYS])
def test_a_deal_of_somebody_who_left_a_customer_is_a_moved_champions(rule: str) -> None:
    found = judged(a_town(), rule)

    assert found.sources == (Source(MOVED_CHAMPION, None, ACME),)
    assert (found.person, found.note) == ("Eva", "")


@pytest.mark.parametrize(
    ("rule", "by_deals", "by_stage", "fits"),
    [
        pytest.param(WON_DEALS, LEFT, None, True, id="bought the day they left"),
        pytest.param(WON_DEALS, date(2024, 4, 1), LEFT, False, id="bought after they left"),
        pytest.param(STAGE_REACHED, None, LEFT, True, id="reached the day they left"),
        pytest.param(STAGE_REACHED, LEFT, date(2024, 4, 1), False, id="reached after they left"),
        pytest.param(STAGE_ALWAYS, date(2024, 7, 1), date(2024, 7, 1), True, id="always"),
    ],
)
def test_who_is_a_customer_when_they_left_is_what_was_chosen(
    rule: str, by_deals: date | None, by_stage: date | None, fits: bool
) -> None:
    never = date(2030, 1, 1)
    found = judged(a_town(bought=by_deals or never, reached=by_stage or never), rule)

    assert bool(found.sources) is fits
    assert found.note == ("" if fits else NO_CUSTOMER)


def test_who_left_in_the_month_it_became_a_customer_counts_neither_way() -> None:
    days = [LEFT + timedelta(days) for days in (1, 30, 31)]

    assert [judged(a_town(bought=day)).note for day in days] == [
        NOT_SCORED,
        NOT_SCORED,
        NO_CUSTOMER,
    ]


@pytest.mark.parametrize("amount", [0, None, -500])
def test_a_deal_without_money_makes_no_customer(amount: int | None) -> None:
    free = replace(FIRST, amount=amount)

    assert judged(a_town(first=free)).note == NO_CUSTOMER
    assert judged(a_town(first=replace(FIRST, won=False))).note == NO_CUSTOMER


@pytest.mark.parametrize(
    ("move", "why"),
    [
        (replace(EVA, observed=date(2024, 9, 2)), CAME_LATER),
        (replace(EVA, observed=None), CAME_LATER),
        (replace(EVA, kind="boomerang"), RETURN),
        (replace(EVA, observed=date(2022, 9, 1)), LONG_AGO),
        (replace(EVA, new_company=OTHER), NOBODY),
        (replace(EVA, former_company=ZENIT), NOBODY),
        (replace(EVA, person="Bo"), NOBODY),
    ],
)
def test_what_speaks_against_a_mover_is_told(move: Move, why: str) -> None:
    found = judged(a_town(move))

    assert (found.sources, found.note) == ((), why)


def test_the_window_is_the_chosen_one() -> None:
    town = a_town(replace(EVA, observed=date(2022, 9, 2)))

    assert judged(town, window=730).sources
    assert judged(town, window=729).note == LONG_AGO


def test_whoever_is_on_the_deal_counts_for_hubspot_tells_no_date_of_that() -> None:
    assert judged(a_town(on_it=((2, date(2025, 1, 1)),))).sources
    assert judged(a_town(on_it=())).note == NOBODY


def test_everybody_on_the_deal_is_asked_and_one_who_fits_is_enough() -> None:
    bo = replace(EVA, person="Bo", former_company=OTHER)
    both = a_town(bo, EVA, on_it=((3, OPENED), (2, OPENED)))

    found = judged(both)

    assert ([source.company for source in found.sources], found.person) == ([ACME], "Eva")


class TestSideBySide:
    """Two admins of one town: Acme bought after Eva had left, and reached the stage before.

    Eva and deal 7 lie in the checking half.
    """

    TOWN = a_town(bought=date(2024, 7, 1))

    def admin(self, name: str, customers: str, *, tags: bool) -> Judged:
        rule = Rule(customers, 730)
        written = Conclusions({7: MOVED_CHAMPION if tags else "none"}, {}, {})
        sources = (FoundSource(7, MOVED_CHAMPION, 2, ACME, 10**12),) if tags else ()
        reading = Reading(written=written, sources=sources, rule=rule)
        own = by_definition(self.TOWN, rule)
        return Judged(name, reading, own, by_definition(self.TOWN, Rule(STAGE_ALWAYS, 36_500)))

    def line(self, judged: Judged) -> dict[str, object]:
        grid = choosing.side_by_side([judged])
        return dict(zip(grid.columns, grid.rows[0], strict=True))

    def test_one_tag_is_right_by_one_choice_and_wrong_by_another(self) -> None:
        right = self.admin("stage", STAGE_REACHED, tags=True)
        wrong = self.admin("deals", WON_DEALS, tags=True)
        own = "own definition: precision"

        assert (self.line(right)[own], self.line(wrong)[own]) == (1.0, 0.0)
        assert self.line(wrong)["label's meaning: precision"] == 1.0
        assert self.line(right)["who is a customer"] == STAGE_REACHED
        (told,) = choosing.wrong_and_missed(self.TOWN, [wrong]).rows
        assert told[:3] == ("deals", f"1 {NO_CUSTOMER}", "")

    def test_an_aim_by_a_rule_that_nobody_chose_is_missed(self) -> None:
        aims = choosing.aims([self.admin("stage", STAGE_REACHED, tags=True)])

        assert len(aims) == 2 * len(definition.CUSTOMERS)
        assert [aim.figure for aim in aims if WON_DEALS in aim.name] == [None, None]
        assert not any(aim.met for aim in aims if WON_DEALS in aim.name)

    def test_a_new_admins_figures_stand_for_the_rule_they_got(self) -> None:
        blind = self.admin("new", STAGE_REACHED, tags=False)
        sees = self.admin("later", STAGE_REACHED, tags=True)
        (recall,) = (
            aim for aim in choosing.aims([blind, sees]) if STAGE_REACHED in aim.name and "recall" in aim.name
        )  # fmt: skip

        assert recall.figure == 0.0
