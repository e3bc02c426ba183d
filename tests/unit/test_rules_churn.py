"""Churn: when a customer stopped, how likely another is to, and what an account's own churns teach."""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT
from mappings.rules.success import churn, churn_fit, churn_risk
from mappings.rules.success.churn import Cohort, CustomerSpell, Ending, Fate, Paid, Renewing
from mappings.rules.success.churn_fit import PastCustomer
from mappings.rules.success.churn_risk import ChurnModel, RiskFactor
from tests.unit.rules_builders import NOW

F = RiskFactor


def ago(days: float) -> datetime:
    return NOW - timedelta(days)


def spells_of(
    paid: Iterable[Paid] = (),
    purchases: Iterable[datetime] = (),
    renewals: Iterable[Renewing] = (),
    unknown_since: datetime | None = None,
) -> tuple[CustomerSpell, ...]:
    return churn.spells(
        list(paid), purchases, list(renewals), NOW, DEFAULT, unknown_since=unknown_since
    )


# When a customer stopped


def test_a_customer_whose_value_fell_to_nothing_churned_on_that_day() -> None:
    assert spells_of([Paid(ago(800), ago(90))]) == (
        CustomerSpell(ago(800), ago(90), Ending.VALUE_ENDED),
    )


def test_contracts_that_touch_or_overlap_are_one_time_as_a_customer() -> None:
    paid = [Paid(ago(400), ago(30)), Paid(ago(800), ago(400)), Paid(ago(100))]

    assert spells_of(paid) == (CustomerSpell(ago(800)),)


def test_who_came_back_has_two_times() -> None:
    paid = [Paid(ago(800), ago(400)), Paid(ago(350))]

    assert spells_of(paid) == (
        CustomerSpell(ago(800), ago(400), Ending.VALUE_ENDED),
        CustomerSpell(ago(350)),
    )


def test_a_value_that_somebody_emptied_is_no_churn() -> None:
    (spell,) = spells_of([Paid(ago(800), ago(90))], unknown_since=ago(90))

    assert spell.ending == Ending.UNKNOWN


def test_a_contract_that_ends_later_is_still_running() -> None:
    assert spells_of([Paid(ago(800), ago(-90))]) == (CustomerSpell(ago(800)),)


def test_without_a_recurring_value_who_bought_lately_is_a_customer() -> None:
    assert spells_of(purchases=[ago(399)]) == (CustomerSpell(ago(399)),)
    assert spells_of(purchases=[ago(401)]) == (
        CustomerSpell(ago(401), ago(1), Ending.STOPPED_BUYING),
    )


def test_buying_again_in_time_goes_on_and_later_begins_anew() -> None:
    assert spells_of(purchases=[ago(100), ago(450), ago(800)]) == (CustomerSpell(ago(800)),)
    assert spells_of(purchases=[ago(900), ago(100)]) == (
        CustomerSpell(ago(900), ago(500), Ending.STOPPED_BUYING),
        CustomerSpell(ago(100)),
    )


@pytest.mark.parametrize(
    ("renewal", "until"),
    [
        pytest.param(Renewing(ago(250)), None, id="still open"),
        pytest.param(Renewing(ago(250), ago(20)), ago(20), id="closed later, and lost"),
        pytest.param(Renewing(ago(250), ago(240)), ago(200), id="closed before"),
        pytest.param(Renewing(ago(100)), ago(200), id="opened when it was too late"),
    ],
)
def test_while_a_renewal_is_open_nobody_stopped_buying(
    renewal: Renewing, until: datetime | None
) -> None:
    (spell,) = spells_of(purchases=[ago(600)], renewals=[renewal])

    assert spell.until == until


def test_where_neither_value_nor_purchase_is_known_nothing_is_said() -> None:
    assert spells_of() == ()
    assert spells_of(renewals=[Renewing(ago(90))]) == ()


def test_how_long_purchases_count_is_the_accounts_choice() -> None:
    short = replace(DEFAULT, active_days=90)

    (spell,) = churn.spells([], [ago(100)], [], NOW, short)

    assert spell.until == ago(10)


@pytest.mark.parametrize(
    ("own", "fate"),
    [
        ([CustomerSpell(ago(800))], Fate.STAYED),
        ([CustomerSpell(ago(800), ago(90), Ending.VALUE_ENDED)], Fate.CHURNED),
        ([CustomerSpell(ago(800), ago(90), Ending.UNKNOWN)], Fate.UNKNOWN),
        (
            [CustomerSpell(ago(800), ago(90), Ending.VALUE_ENDED), CustomerSpell(ago(40))],
            Fate.RETURNED,
        ),
        ([CustomerSpell(ago(800), ago(200), Ending.VALUE_ENDED)], None),
        ([CustomerSpell(ago(40))], None),
        ([], None),
    ],
)
def test_what_became_of_a_customer_counts_by_the_end(
    own: list[CustomerSpell], fate: Fate | None
) -> None:
    assert churn.fate_of(own, ago(180), NOW) == fate


def test_the_base_rate_is_drawn_towards_one_in_ten() -> None:
    assert churn.base_rate(Cohort(60, 5)) == 87_500
    assert churn.base_rate(Cohort()) == 100_000
    assert churn.base_rate(Cohort(20_000, 1_000)) == pytest.approx(50_000, rel=0.002)


def test_a_return_is_no_churn_and_an_unknown_end_is_no_customer() -> None:
    gone = [CustomerSpell(ago(800), ago(90), Ending.VALUE_ENDED)]
    back = [*gone, CustomerSpell(ago(40))]
    unknown = [CustomerSpell(ago(800), ago(90), Ending.UNKNOWN)]

    assert churn.cohort([gone, back, unknown, [CustomerSpell(ago(800))]], ago(180), NOW) == Cohort(
        customers=3, churned=1, returned=1, unknown=1
    )


# How likely a customer is to stop


def model(base: float = 0.12, **odds: int) -> ChurnModel:
    found = churn_risk.starting_model(round(base * PPM), DEFAULT)
    return replace(found, odds={**found.odds, **{F(name): value for name, value in odds.items()}})


def facts(*so: RiskFactor, not_so: Iterable[RiskFactor] = ()) -> Mapping[RiskFactor, bool]:
    return {**dict.fromkeys(not_so, False), **dict.fromkeys(so, True)}


def test_a_champion_who_left_and_silence_against_three_contacts() -> None:
    found = churn_risk.risk(
        facts(F.CHAMPION_LEFT, F.SILENCE, F.ACTIVE_CONTACTS), model(), NOW, DEFAULT
    )

    assert found.ppm == pytest.approx(327_000, abs=500)
    assert (found.band, [part.factor for part in found.parts]) == (
        "raised",
        [F.CHAMPION_LEFT, F.SILENCE, F.ACTIVE_CONTACTS],
    )
    assert found.because == (
        "Raised risk within 180 days: a champion left (odds x3.0), no two-way touch lately"
        " (odds x1.7), several active contacts (odds x0.7). The base rate here is 12%; how much each"
        " counts are starting values. Not known: whether it pays less; what decision makers answer;"
        " open tickets; the renewal date; whether anybody is a promoter."
    )


def test_nobody_is_ever_said_to_churn() -> None:
    everything = churn_risk.risk(facts(*F), model(0.9), NOW, DEFAULT)

    assert everything.ppm == DEFAULT.churn_cap == 950_000
    assert everything.band == "high"
    assert "will" not in everything.because


def test_an_executive_who_left_counts_once_and_more() -> None:
    champion = facts(F.CHAMPION_LEFT, not_so=[F.SILENCE, F.PROMOTER])
    executive = facts(F.CHAMPION_LEFT, F.EXECUTIVE_LEFT, not_so=[F.SILENCE, F.PROMOTER])

    one = churn_risk.risk(champion, model(), NOW, DEFAULT)
    other = churn_risk.risk(executive, model(), NOW, DEFAULT)

    assert [part.odds for part in one.parts + other.parts] == [3_000, 3_500]


def test_what_is_not_known_changes_nothing_and_is_named() -> None:
    known = facts(F.SILENCE, not_so=[F.CHAMPION_LEFT, F.PROMOTER])
    more = {**known, F.OLD_URGENT_TICKET: False}

    before = churn_risk.risk(known, model(), NOW, DEFAULT)
    after = churn_risk.risk(more, model(), NOW, DEFAULT)

    assert before.ppm == after.ppm
    assert F.OLD_URGENT_TICKET in before.unknown
    assert F.OLD_URGENT_TICKET not in after.unknown


def test_where_too_little_is_known_there_is_no_number() -> None:
    found = churn_risk.risk(facts(F.CHAMPION_LEFT, F.SILENCE), model(), NOW, DEFAULT)

    assert (found.ppm, found.band) == (None, "")
    assert found.because.startswith("Too little is known for a churn risk.")
    # Whether an executive left is the same knowledge as whether a champion did.
    few = facts(F.CHAMPION_LEFT, F.EXECUTIVE_LEFT, F.SILENCE)
    assert churn_risk.risk(few, model(), NOW, DEFAULT).ppm is None


@pytest.mark.parametrize(
    ("renewal", "until"),
    [
        (NOW.date() + timedelta(30), NOW.date() + timedelta(30)),
        (NOW.date() - timedelta(1), None),
        (None, None),
    ],
)
def test_a_risk_ends_with_the_renewal_that_is_to_come(
    renewal: date | None, until: date | None
) -> None:
    known = facts(not_so=[F.SILENCE, F.PROMOTER, F.CHAMPION_LEFT])

    assert churn_risk.risk(known, model(), NOW, DEFAULT, renewal=renewal).until == until


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"churn_odds": {**DEFAULT.churn_odds, "silence": 9_000}}, "ppm"),
        ({"churn_factors": 4}, "ppm"),
        ({"churn_cap": 100_000}, "ppm"),
        ({"churn_raised_at": 200_000}, "band"),
        ({"churn_high_at": 10_000}, "band"),
        ({"churn_horizon_days": 90}, "horizon_days"),
    ],
)
def test_a_setting_changes_the_risk(change: dict[str, object], name: str) -> None:
    known = facts(F.SILENCE, not_so=[F.PROMOTER, F.CHAMPION_LEFT])
    policy = replace(DEFAULT, **change)  # type: ignore[arg-type]

    def said(by: object) -> object:
        started = churn_risk.starting_model(100_000, by)  # type: ignore[arg-type]
        return getattr(churn_risk.risk(known, started, NOW, by), name)  # type: ignore[arg-type]

    assert said(policy) != said(DEFAULT)


@pytest.mark.parametrize(
    ("values", "less"),
    [
        ([(400, 100)], False),
        ([(400, 100), (30, 80)], True),
        ([(400, 100), (200, 80)], False),  # longer than half a year ago
        ([(400, 100), (90, 150), (30, 120)], True),
        ([(400, 100), (90, 80), (30, 100)], False),
        ([], False),
        ([(-5, 0)], False),
    ],
)
def test_a_contraction_is_less_than_within_half_a_year(
    values: list[tuple[int, int]], less: bool
) -> None:
    dated = [(ago(days), value) for days, value in values]

    assert churn_risk.is_contraction(dated, NOW, DEFAULT) is less


known_facts = st.dictionaries(st.sampled_from(list(F)), st.booleans())
bases = st.integers(1, PPM - 1)


@given(known_facts, bases, st.sampled_from(list(F)))
def test_a_bad_fact_never_lowers_a_risk_and_a_good_one_never_raises_it(
    known: dict[RiskFactor, bool], base: int, factor: RiskFactor
) -> None:
    policy = replace(DEFAULT, churn_factors=0)
    started = churn_risk.starting_model(base, policy)

    without = churn_risk.risk({**known, factor: False}, started, NOW, policy).ppm
    with_it = churn_risk.risk({**known, factor: True}, started, NOW, policy).ppm

    assert without is not None
    assert with_it is not None
    assert with_it <= without if factor.is_good else with_it >= without
    assert 0 <= with_it <= policy.churn_cap


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_base_rate_is_never_nothing_and_never_certain(churned: int, more: int) -> None:
    base = churn.base_rate(Cohort(churned + more, churned))

    assert 0 < base < PPM


moments = st.integers(-500, 3000).map(ago)


@given(
    st.lists(st.tuples(moments, st.none() | moments), max_size=8),
    st.lists(moments, max_size=8),
    st.lists(st.tuples(moments, st.none() | moments), max_size=3),
)
def test_times_as_a_customer_never_overlap_and_none_ends_to_come(
    paid: list[tuple[datetime, datetime | None]],
    purchases: list[datetime],
    renewals: list[tuple[datetime, datetime | None]],
) -> None:
    real = [Paid(a, b) for a, b in paid if b is None or b > a]
    found = spells_of(real, purchases, [Renewing(a, b) for a, b in renewals if b is None or b > a])

    for before, after in pairwise(found):
        assert before.until is not None
        assert before.until <= after.since
    for spell in found:
        assert spell.since <= NOW
        assert spell.until is None or spell.since < spell.until <= NOW
        assert (spell.until is None) is (spell.ending is None)


# What an account's own churns teach


TRUE_ODDS = {F.CHAMPION_LEFT: 5.0, F.SILENCE: 1.2, F.PROMOTER: 0.5}


def town(customers: int, seed: int, odds: Mapping[RiskFactor, float]) -> list[PastCustomer]:
    """Customers whose churn follows these odds from a base of one in twelve."""
    lot = random.Random(seed)
    past: list[PastCustomer] = []
    for company_id in range(customers):
        so = frozenset(factor for factor in F if lot.random() < 0.25)
        top = math.prod([1 / 11, *(odds.get(factor, 1.0) for factor in so)])
        past.append(PastCustomer(company_id, so, lot.random() < top / (1 + top)))
    return past


def test_with_fewer_than_thirty_churns_the_starting_values_stay() -> None:
    stayed = [PastCustomer(number, frozenset(), has_churned=False) for number in range(500)]
    gone = [PastCustomer(number, frozenset({F.SILENCE}), has_churned=True) for number in range(29)]

    assert churn_fit.fit([*stayed, *gone], model(), DEFAULT) is None
    one_more = PastCustomer(999, frozenset(), has_churned=True)
    assert churn_fit.fit([*stayed, *gone, one_more], model(), DEFAULT) is not None
    assert churn_fit.fit([one_more] * 40, model(), DEFAULT) is None


def test_the_odds_of_a_large_town_are_found_again() -> None:
    found = churn_fit.fit(town(8_000, 7, TRUE_ODDS), model(), DEFAULT)

    assert found is not None
    assert found.model.is_fitted
    for factor, true in TRUE_ODDS.items():
        assert found.model.odds[factor] / 1000 == pytest.approx(true, rel=0.25)
    assert found.model.odds[F.CONTRACTION] / 1000 == pytest.approx(1.0, abs=0.25)
    assert found.model.base_ppm == pytest.approx(PPM / 12, rel=0.15)
    assert found.within.brier_ppm < found.within.reference_ppm
    assert found.left_out.brier_ppm < found.left_out.reference_ppm


def test_few_churns_move_the_odds_only_a_little() -> None:
    found = churn_fit.fit(town(450, 3, TRUE_ODDS), model(), DEFAULT)

    assert found is not None
    for factor, odds in found.model.odds.items():
        assert DEFAULT.churn_odds[factor] / 3 < odds < DEFAULT.churn_odds[factor] * 3


def test_where_nothing_predicts_the_left_out_score_is_no_better_than_the_rate() -> None:
    found = churn_fit.fit(town(3_000, 11, {}), model(), DEFAULT)

    assert found is not None
    assert found.left_out.brier_ppm >= found.left_out.reference_ppm * 0.995
    assert found.left_out.brier_ppm > found.within.brier_ppm


def test_the_same_days_give_the_same_odds_in_any_order() -> None:
    past = town(2_000, 5, TRUE_ODDS)
    other = random.Random(1).sample(past, len(past))

    first, second = (churn_fit.fit(days, model(), DEFAULT) for days in (past, other))

    assert first is not None
    assert second is not None
    assert first.model == second.model


@settings(max_examples=15)
@given(st.integers(0, 30), st.integers(300, 600))
def test_a_fitted_bad_fact_never_lowers_a_risk(seed: int, customers: int) -> None:
    turned = {F.SILENCE: 0.2, F.CHAMPION_LEFT: 0.3, F.PROMOTER: 4.0}
    found = churn_fit.fit(
        town(customers, seed, turned), model(), replace(DEFAULT, churn_fit_events=5)
    )

    assert found is not None
    for factor, odds in found.model.odds.items():
        assert odds <= 1000 if factor.is_good else odds >= 1000


def test_calibration_holds_what_was_said_against_what_came() -> None:
    said = [0.1] * 50 + [0.5] * 50
    came = [place < 5 for place in range(50)] + [place < 25 for place in range(50)]

    found = churn_fit.calibration(said, came)

    assert [(one.said_ppm, one.churned, one.customers) for one in found.bins] == [
        (100_000, 5, 50),
        (500_000, 25, 50),
    ]
    assert found.brier_ppm == round(PPM * (0.09 * 50 + 0.25 * 50) / 100)
    assert found.reference_ppm == round(PPM * 0.3 * 0.7)
    assert churn_fit.calibration([], []).bins == ()
