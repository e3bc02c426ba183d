"""The board's arithmetic beside published examples, other people's libraries, and a public table."""

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mappings.rules.ledger.comparison import Rate
from mappings.rules.success import kept_revenue, lifetime_value
from mappings.rules.success.kept_revenue import CohortMember
from mappings.rules.success.recurring_value import ValueSource, ValueSpan

DATA = Path(__file__).parents[2].parent / "shared" / "data"
_NO_DATA = "the public tables are not beside the repository"
_NO_LIBRARY = "is not installed (extra: compare)"


def published(topic: str) -> list[dict[str, Any]]:
    path = DATA / "worked_examples.json"
    if not path.exists():
        pytest.skip(_NO_DATA)
    return [one for one in json.loads(path.read_text()) if one["topic"] == topic]


def test_published_examples_of_nrr_come_out_the_same() -> None:
    examples = published("NRR")

    assert len(examples) >= 4
    for example in examples:
        assert nrr(example["given"]) == pytest.approx(example["expect"]["nrr"], abs=5e-5)


def nrr(given: dict[str, int]) -> float:
    """A cohort of three: one that grew, one that shrank, one that left; the rest stayed as it was."""
    start = given["start_mrr"]
    churned, contraction = given.get("churned", 0), given.get("contraction", 0)
    # "Upsell takes it to" is before the churn.
    expansion = given.get("expansion", given.get("upsell_takes_it_to", start) - start)
    stays = start - churned
    members = [CohortMember(1, stays, stays + expansion - contraction), CohortMember(2, churned, 0)]
    return float(kept_revenue.retention(members).net.value or 0)


def test_published_examples_of_ltv_and_cac_come_out_the_same() -> None:
    """They have no horizon: ours is set so far away that it is none."""
    for example in published("LTV and LTV:CAC"):
        given, expected = example["given"], example["expect"]
        month = given.get("arpu", given.get("arpa"))
        margin, churn = (Fraction(str(given[name])) for name in ("gross_margin", "monthly_churn"))
        value = lifetime_value.lifetime_value(Fraction(month * 100), margin, churn, 3000)
        assert value == expected["ltv"] * 100
        if "sales" in given:
            spent = Fraction(given["sales"] + given["marketing"]) * 100
            assert spent / given["new_customers"] == expected["cac"] * 100
        cac = expected.get("cac", given.get("cac")) * 100
        assert float(lifetime_value.ratio(value, cac) or 0) == expected["ltv_cac"]


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def subscriptions() -> dict[str, list[ValueSpan]]:
    """The public table of subscriptions as spans, by account."""
    path = DATA / "saas" / "subscriptions.csv.gz"
    if not path.exists():
        pytest.skip(_NO_DATA)
    with gzip.open(path, "rt") as table:
        rows = list(csv.DictReader(table))
    spans: dict[str, list[ValueSpan]] = {}
    for row in rows:
        until = at(row["end_date"]) if row["end_date"] else None
        minor = round(float(row["mrr_amount"]) * 100)
        span = ValueSpan(
            row["subscription_id"], at(row["start_date"]), until, minor, "USD", minor,
            ValueSource.PROPERTY,
        )  # fmt: skip
        spans.setdefault(row["account_id"], []).append(span)
    return spans


def test_a_public_table_has_the_retention_that_others_found(
    subscriptions: dict[str, list[ValueSpan]],
) -> None:
    expected = json.loads((DATA / "expected.json").read_text())["saas_retention"]

    for period, known in expected.items():
        start, end = period.split("..")
        found = kept_revenue.retention(members(subscriptions, at(start), at(end)))
        assert found.companies == known["accounts_at_start"], period
        assert found.start_minor == known["start_mrr"] * 100
        assert found.expansion_minor == known["expansion"] * 100
        assert found.contraction_minor == known["contraction"] * 100
        assert found.lost_minor == known["churned"] * 100
        assert float(found.net.value or 0) == pytest.approx(known["nrr"], abs=1e-6)
        assert float(found.gross.value or 0) == pytest.approx(known["grr"], abs=1e-6)
        assert found.logos[0] / found.logos[1] == known["logo_retention"]


def members(
    spans: dict[str, list[ValueSpan]], start: datetime, end: datetime
) -> Iterable[CohortMember]:
    for number, own in enumerate(spans.values()):
        found = kept_revenue.member(number, own, start, end)
        if found is not None:
            yield found


def test_the_interval_of_nrr_is_that_of_a_regression_through_the_origin() -> None:
    """Weighed by 1 / start, its slope is NRR, and White's error is what drawing companies tells."""
    library = pytest.importorskip("statsmodels.api", reason=f"statsmodels {_NO_LIBRARY}")
    pairs = [(100 + n % 37, (90 + n % 53) * (n % 5 > 0)) for n in range(300)]
    starts, ends = [start for start, _ in pairs], [end for _, end in pairs]
    fitted = library.WLS(ends, starts, weights=[1 / start for start in starts]).fit(cov_type="HC0")

    found = kept_revenue.retention(CohortMember(n, *pair) for n, pair in enumerate(pairs))

    assert found.net.interval is not None
    assert float(found.net.value or 0) == pytest.approx(fitted.params[0])
    low, high = fitted.conf_int()[0]
    assert found.net.interval == pytest.approx((low, high), abs=(high - low) * 0.05)


@pytest.mark.parametrize(("part", "of"), [(0, 8), (1, 9), (9, 40), (36, 40), (30, 30)])
def test_shares_have_the_interval_that_statsmodels_gives(part: int, of: int) -> None:
    library = pytest.importorskip(
        "statsmodels.stats.proportion", reason=f"statsmodels {_NO_LIBRARY}"
    )

    low, high = library.proportion_confint(part, of, method="wilson")

    assert Rate(part, of).interval == pytest.approx((low, high), abs=1e-6)


def test_the_plain_churn_a_month_is_the_rate_of_an_exponential_lifetime() -> None:
    """Who is still a customer at the end is censored: dropping them would double the churn."""
    lifelines = pytest.importorskip("lifelines", reason=f"lifelines {_NO_LIBRARY}")
    months = [1.5, 3.0, 4.25, 8.0, 12.0, 12.0, 12.0, 12.0, 6.5, 12.0]
    has_left = [True, True, False, True, False, False, False, False, True, False]
    fitted = lifelines.ExponentialFitter().fit(months, has_left)

    churn = lifetime_value.MonthlyChurn(
        Fraction(sum(has_left)), sum(map(Fraction, months), Fraction(0))
    )

    assert float(churn.raw or 0) == pytest.approx(1 / fitted.lambda_, rel=1e-4)
