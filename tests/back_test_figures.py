"""Churn risk on churn data of others: what can be told from its columns, and how well it predicts.

python -m tests.back_test_figures FOLDER prints the figures that docs/accuracy.md quotes, from a
folder with churn/ and saas/. None of these tables has touches, answers of decision makers or moves;
so only the facts that they do hold are tried.
"""

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT
from mappings.rules.success import back_test, churn, churn_fit, churn_risk
from mappings.rules.success.back_test import PastJudgement, RiskOutcome
from mappings.rules.success.churn import Cohort, Paid
from mappings.rules.success.churn_fit import FittedModel, PastCustomer
from mappings.rules.success.churn_risk import ChurnModel, RiskFactor

_MONTHLY: Final = "month-to-month"
_HORIZON: Final = timedelta(days=DEFAULT.churn_horizon_days)
_LONG_OPEN: Final = timedelta(days=DEFAULT.churn_ticket_days)


@dataclass(frozen=True, slots=True)
class Tried:
    """A table's customers, the starting values on them, and what they teach; None without a fit."""

    name: str
    customers: Sequence[PastCustomer]
    started: RiskOutcome
    fitted: FittedModel | None


def try_out(name: str, customers: Sequence[PastCustomer]) -> Tried:
    """Say of each customer what the starting values say, and fit."""
    churned = sum(customer.has_churned for customer in customers)
    base = churn.base_rate(Cohort(len(customers), churned))
    model = churn_risk.starting_model(base, DEFAULT)
    said = [_said(customer, model) for customer in customers]
    return Tried(
        name, customers, back_test.of_risks(said), churn_fit.fit(customers, model, DEFAULT)
    )


def _said(customer: PastCustomer, model: ChurnModel) -> PastJudgement:
    parts = [churn_risk.RiskPart(factor, model.odds[factor]) for factor in sorted(customer.facts)]
    risk = churn_risk.probability(model.base_ppm, parts)
    return PastJudgement(customer.company_id, "", risk=risk, churned_in_time=customer.has_churned)


def telco(folder: Path) -> list[PastCustomer]:
    """A contract by the month is a renewal within 90 days; nothing else of ours is in the table."""
    return [
        PastCustomer(
            number,
            frozenset({RiskFactor.RENEWAL_NEAR} if _is_monthly(row) else ()),
            row["Churn"] == "Yes",
        )
        for number, row in enumerate(_rows(folder / "churn" / "telco_ibm.csv.gz"))
    ]


def telecom(folder: Path) -> list[PastCustomer]:
    """The same, and whoever referred a friend stands for a promoter."""
    return [
        PastCustomer(number, frozenset(_telecom_facts(row)), row["Customerstatus"] == "Churned")
        for number, row in enumerate(_rows(folder / "churn" / "telecom_referrals.csv.gz"))
    ]


def _telecom_facts(row: Mapping[str, str]) -> Iterator[RiskFactor]:
    if _is_monthly(row):
        yield RiskFactor.RENEWAL_NEAR
    if int(row["Numberofreferrals"]) > 0:
        yield RiskFactor.PROMOTER


def _is_monthly(row: Mapping[str, str]) -> bool:
    return row["Contract"].lower() == _MONTHLY


def saas(folder: Path) -> list[PastCustomer]:
    """Accounts at two half-yearly days: contraction, an old urgent ticket, a subscription that ends.

    Whether they churned is what the table of churns says; the subscriptions themselves hardly end.
    """
    paid = _grouped(_rows(folder / "saas" / "subscriptions.csv.gz"))
    tickets = _grouped(_rows(folder / "saas" / "support_tickets.csv.gz"))
    churns = _grouped(_rows(folder / "saas" / "churn_events.csv.gz"))
    numbers = {account: number for number, account in enumerate(sorted(paid))}
    found: list[PastCustomer] = []
    for day in (datetime(2024, 1, 4, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC)):
        for account, own in paid.items():
            if not any(_covers(row, day) for row in own):
                continue
            facts = frozenset(_saas_facts(own, tickets.get(account, ()), day))
            came = [_day(row["churn_date"]) for row in churns.get(account, ())]
            has_churned = any(day < at <= day + _HORIZON for at in came)
            found.append(PastCustomer(numbers[account], facts, has_churned))
    return found


def _saas_facts(
    paid: Sequence[Mapping[str, str]], tickets: Sequence[Mapping[str, str]], day: datetime
) -> Iterator[RiskFactor]:
    values = [(at, _paid_at(paid, at)) for at in sorted(_changes(paid)) if at <= day]
    if churn_risk.is_contraction(values, day, DEFAULT):
        yield RiskFactor.CONTRACTION
    if any(_is_pressing(ticket, day) for ticket in tickets):
        yield RiskFactor.OLD_URGENT_TICKET
    ends = [_day(row["end_date"]) for row in paid if row["end_date"]]
    if any(timedelta() <= end - day <= timedelta(DEFAULT.churn_renewal_days) for end in ends):
        yield RiskFactor.RENEWAL_NEAR


def _is_pressing(ticket: Mapping[str, str], day: datetime) -> bool:
    opened = _day(ticket["submitted_at"])
    is_open = not ticket["closed_at"] or _day(ticket["closed_at"]) > day
    return ticket["priority"] == "urgent" and opened + _LONG_OPEN < day and is_open


def _changes(paid: Sequence[Mapping[str, str]]) -> set[datetime]:
    return {_day(row[name]) for row in paid for name in ("start_date", "end_date") if row[name]}


def _paid_at(paid: Sequence[Mapping[str, str]], at: datetime) -> int:
    return sum(int(float(row["mrr_amount"])) for row in paid if _covers(row, at))


def _covers(row: Mapping[str, str], at: datetime) -> bool:
    is_trial = row["is_trial"] == "TRUE"
    ends = _day(row["end_date"]) if row["end_date"] else None
    return not is_trial and _day(row["start_date"]) <= at and (ends is None or at < ends)


def churned_by_subscriptions(folder: Path) -> Cohort:
    """What the rule of churn makes of the subscriptions of the last year alone."""
    now = datetime(2024, 12, 31, tzinfo=UTC)
    paid = _grouped(_rows(folder / "saas" / "subscriptions.csv.gz"))
    spells = [
        churn.spells([_paid(row) for row in own if row["is_trial"] != "TRUE"], [], [], now, DEFAULT)
        for own in paid.values()
    ]
    return churn.cohort(spells, now - timedelta(days=366), now)


def _paid(row: Mapping[str, str]) -> Paid:
    return Paid(_day(row["start_date"]), _day(row["end_date"]) if row["end_date"] else None)


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC)


def _grouped(rows: Iterator[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    by_account: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_account[row["account_id"]].append(row)
    return by_account


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt") as lines:
        yield from csv.DictReader(lines)


def lines(folder: Path) -> Iterator[str]:
    """The figures, a line each."""
    for name, read in (("telco", telco), ("telecom with referrals", telecom), ("saas", saas)):
        yield from _told(try_out(name, read(folder)))
    counted = churned_by_subscriptions(folder)
    yield f"saas, by its subscriptions alone: {counted.churned} of {counted.customers} churned"


def _told(tried: Tried) -> Iterator[str]:
    outcome = tried.started
    yield f"{tried.name}: {outcome.churned} of {outcome.customers} churned; {outcome.verdict}"
    rank = "none" if outcome.rank is None else f"{outcome.rank:.3f}"
    yield (
        f"  starting values: Brier {_score(outcome.calibration.brier_ppm)} against"
        f" {_score(outcome.calibration.reference_ppm)}, ranked right {rank}"
    )
    if tried.fitted is None:
        yield "  too few churns to learn from"
        return
    left_out = tried.fitted.left_out
    odds = {
        factor.value: tried.fitted.model.odds[factor] / churn_risk.ODDS_ONE
        for factor in sorted({factor for one in tried.customers for factor in one.facts})
    }
    yield f"  learnt: odds {odds}; on customers left out Brier {_score(left_out.brier_ppm)}"


def _score(ppm: int) -> str:
    return f"{ppm / PPM:.4f}"


if __name__ == "__main__":
    for line in lines(Path(sys.argv[1])):
        print(line)  # noqa: T201 - that is what it is for
