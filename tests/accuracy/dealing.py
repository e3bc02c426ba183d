"""Money against the truth: does second-order revenue stand at the right company?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.accuracy.halves import Half
from tests.accuracy.moving import known_of
from tests.accuracy.reading import Reading
from tests.accuracy.tables import Aim, Grid
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, DealTruth, Truth

ByDeal = dict[int, dict[int, int]]  # deal -> company -> minor units
TOP = 12


def whole_amounts(known: Truth, reading: Reading) -> ByDeal:
    """The whole amount of each won deal with a moved champion, split among their companies by share.

    This counts as the truth counts, which knows no shares: who moved brought the deal.
    """
    amounts = {deal.deal: deal.amount for deal in known.deals if deal.won and deal.amount}
    shares: dict[int, Counter[int]] = defaultdict(Counter)
    for source in reading.sources:
        if source.kind == MOVED_CHAMPION and source.company and source.deal in amounts:
            shares[source.deal][source.company] += source.share
    found: ByDeal = {}
    for deal, parts in shares.items():
        rest, total = amounts[deal] or 0, sum(parts.values())
        for place, (company, share) in enumerate(sorted(parts.items()), 1):
            part = rest if place == len(parts) else (amounts[deal] or 0) * share // total
            found.setdefault(deal, {})[company] = part
            rest -= part
    return found


def booked(reading: Reading) -> ByDeal:
    """What the ledger credits to companies for moved champions, by deal."""
    found: ByDeal = {}
    for (deal, kind, company), minor in reading.booked.items():
        if kind == MOVED_CHAMPION:
            found.setdefault(deal, {})[company] = found.setdefault(deal, {}).get(company, 0) + minor
    return found


@dataclass(frozen=True, slots=True)
class Books:
    """Money per company, true and told, over the deals that can be judged; and why they differ, in money."""

    true: Mapping[int, int]
    told: Mapping[int, int]
    kinds: Mapping[str, int]
    deals: Mapping[str, int]
    by_company: Mapping[int, Counter[str]]

    @property
    def error(self) -> float | None:
        """How far the total is off, as a share of the true total."""
        total = sum(self.true.values())
        return abs(sum(self.told.values()) - total) / total if total else None

    @property
    def absolute(self) -> int:
        """The differences of all companies, added up without their signs."""
        return sum(
            abs(self.told.get(one, 0) - self.true.get(one, 0)) for one in {*self.true, *self.told}
        )


def books(known: Truth, told: ByDeal, half: Half | None) -> Books:
    """Compare company by company, deal by deal."""
    real: Counter[int] = Counter()
    said: Counter[int] = Counter()
    kinds, deals = Counter[str](), Counter[str]()
    by_company: dict[int, Counter[str]] = defaultdict(Counter)
    for deal in known_of(known, half).deals:
        if deal.note == NOT_SCORED or not deal.won or not deal.amount:
            continue
        true, claimed = truth_of(deal), told.get(deal.deal, {})
        real.update(true)
        said.update(claimed)
        why = _why(true, claimed)
        deals[why] += 1
        for company in {*true, *claimed}:
            difference = claimed.get(company, 0) - true.get(company, 0)
            kinds[why] += difference
            by_company[company][why] += abs(difference)
    return Books(dict(real), dict(said), dict(kinds), dict(deals), by_company)


def truth_of(deal: DealTruth) -> dict[int, int]:
    """The company a won deal's money is due to."""
    return {source.company: deal.amount or 0 for source in deal.sources if source.company}


def _why(true: Mapping[int, int], claimed: Mapping[int, int]) -> str:
    if not true and not claimed:
        return "rightly nothing"
    if not claimed:
        return "deal missed"
    if not true:
        return "deal wrongly credited"
    if set(true) == set(claimed):
        return (
            "right company, whole amount"
            if true == dict(claimed)
            else "right company, a part of the amount"
        )
    return "another company as well" if set(true) < set(claimed) else "another company instead"


def revenue(how: str, known: Truth, readings: Sequence[tuple[str, ByDeal]]) -> Grid:
    """Totals and differences for several ways to count."""
    rows = []
    for name, told in readings:
        checking, fitting = (books(known, told, half) for half in reversed(Half))
        rows.append((
            name, as_money(sum(checking.true.values())), as_money(sum(checking.told.values())), checking.error,
            as_money(checking.absolute), checking.absolute / (sum(checking.true.values()) or 1),
            len({*checking.true, *checking.told}), fitting.error,
        ))  # fmt: skip
    columns = (
        "won second-order revenue", "true", "told", "total off by", "sum of differences", "of the true total",
        "companies", "fitting total off by",
    )  # fmt: skip
    return Grid(f"Second-order revenue per company (moved champions), {how}", columns, tuple(rows))


def differences(known: Truth, name: str, told: ByDeal) -> list[Grid]:
    """Why the money differs; and of the fitting half, where rows may be looked at, the companies that differ most."""
    checking, one = books(known, told, Half.CHECKING), books(known, told, Half.FITTING)
    why = tuple(
        (
            kind,
            count,
            as_money(checking.kinds.get(kind, 0)),
            one.deals.get(kind, 0),
            as_money(one.kinds.get(kind, 0)),
        )
        for kind, count in sorted(checking.deals.items())
    )
    worst = sorted(
        {*one.true, *one.told},
        key=lambda company: (-abs(one.told.get(company, 0) - one.true.get(company, 0)), company),
    )[:TOP]
    rows = tuple(
        (
            str(company), as_money(one.true.get(company, 0)), as_money(one.told.get(company, 0)),
            as_money(one.told.get(company, 0) - one.true.get(company, 0)),
            ", ".join(kind for kind, minor in one.by_company[company].most_common(2) if minor),
        )
        for company in worst
    )  # fmt: skip
    return [
        Grid(
            f"Why revenue differs ({name})",
            ("won deals", "deals", "told minus true", "fitting deals", "fitting told minus true"),
            why,
        ),
        Grid(
            f"Companies of the fitting half that differ most ({name})",
            (
                "fitting company",
                "fitting true",
                "fitting told",
                "fitting difference",
                "fitting: by",
            ),
            rows,
        ),
    ]


def revenue_aim(name: str, known: Truth, told: ByDeal) -> Aim:
    """The total is wanted within three per cent."""
    return Aim(
        f"second-order revenue, {name}: total off by",
        books(known, told, Half.CHECKING).error,
        0.03,
        at_most=True,
    )


def as_money(minor: int) -> str:
    """An amount in minor units as people write it."""
    return f"{minor / 100:,.2f}"
