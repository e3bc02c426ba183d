"""Deals against the truth: are they tagged rightly, and does the money stand at the right company?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT
from tests.accuracy.halves import Half
from tests.accuracy.moving import known_of
from tests.accuracy.reading import FoundMove, Reading
from tests.accuracy.tables import Aim, Grid
from tests.sandbox import truth
from tests.sandbox.town_rows import Record, Town
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, SEVERAL, DealTruth, Truth

ByDeal = dict[int, dict[int, int]]  # deal -> company -> minor units
TOP = 12
WINDOW = DEFAULT.move_to_deal_days


def tags(how: str, known: Truth, readings: Sequence[tuple[str, Mapping[int, str]]]) -> Grid:
    """Precision and recall of tags, one line for each kind and reading."""
    rows = []
    for name, told in readings:
        checking, fitting = (truth.score_tags(known_of(known, half), told) for half in reversed(Half))
        for kind, one in checking.items():
            rows.append((
                f"{kind}, {name}", one.precision, one.recall, one.right, one.wrong, f"{one.found}/{one.true}",
                _most(one.wrong_by_kind), fitting[kind].precision, fitting[kind].recall,
            ))  # fmt: skip
    columns = ("tag", "precision", "recall", "right", "wrong", "found", "wrong ones are", "fitting P", "fitting R")
    return Grid(f"Deals tagged, {how}", columns, tuple(rows))


def _most(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in list(kinds.items())[:3])


def tag_aims(how: str, known: Truth, told: Mapping[int, str]) -> list[Aim]:
    """What is wanted of the tag for moved champions."""
    one = truth.score_tags(known_of(known, Half.CHECKING), told)[MOVED_CHAMPION]
    return [
        Aim(f"deals tagged moved_champion, {how}: precision", one.precision, 0.95),
        Aim(f"deals tagged moved_champion, {how}: recall", one.recall, 0.92),
    ]


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
        return sum(abs(self.told.get(one, 0) - self.true.get(one, 0)) for one in {*self.true, *self.told})


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
        return "right company, whole amount" if true == dict(claimed) else "right company, a part of the amount"
    return "another company as well" if set(true) < set(claimed) else "another company instead"


def revenue(how: str, known: Truth, readings: Sequence[tuple[str, ByDeal]]) -> Grid:
    """Totals and differences for several ways to count."""
    rows = []
    for name, told in readings:
        checking, fitting = (books(known, told, half) for half in reversed(Half))
        rows.append((
            name, _money(sum(checking.true.values())), _money(sum(checking.told.values())), checking.error,
            _money(checking.absolute), checking.absolute / (sum(checking.true.values()) or 1),
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
        (kind, count, _money(checking.kinds.get(kind, 0)), one.deals.get(kind, 0), _money(one.kinds.get(kind, 0)))
        for kind, count in sorted(checking.deals.items())
    )
    worst = sorted(
        {*one.true, *one.told}, key=lambda company: (-abs(one.told.get(company, 0) - one.true.get(company, 0)), company)
    )[:TOP]
    rows = tuple(
        (
            str(company), _money(one.true.get(company, 0)), _money(one.told.get(company, 0)),
            _money(one.told.get(company, 0) - one.true.get(company, 0)),
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
            ("fitting company", "fitting true", "fitting told", "fitting difference", "fitting: by"),
            rows,
        ),
    ]


def missed(known: Truth, reading: Reading, town: Town) -> Grid:
    """What stood between a true mover's deal and its tag."""
    created = {deal.id: deal.created.date() for deal in town.of("deal")}
    moves: dict[tuple[str, int | None], list[FoundMove]] = defaultdict(list)
    for move in reading.moves:
        moves[known.people.get(move.new, ""), move.new_company].append(move)
    columns = []
    for half in reversed(Half):
        why = Counter[str]()
        for deal in known_of(known, half).deals:
            if deal.sources:
                told = reading.written.tags.get(deal.deal, "")
                why[_between(deal, moves[deal.person, deal.company], created[deal.deal], told)] += 1
        columns.append(why)
    rows = tuple((kind, count, columns[1][kind]) for kind, count in columns[0].most_common())
    return Grid("Deals of moved champions, and what stood in the way", ("", "deals", "fitting deals"), rows)


def _between(deal: DealTruth, moves: Sequence[FoundMove], created: date, told: str) -> str:
    if told in {MOVED_CHAMPION, SEVERAL}:
        return "tagged"
    due = [move for move in moves if move.former_company in truth_of_companies(deal)]
    if not due:
        return "move not found" if not moves else "move found, but from another company"
    if not any(move.is_auto for move in due):
        return "move found, but not automatic"
    if all(move.moved > created for move in due):
        return "move dated after the deal was created"
    if all((created - move.moved).days > WINDOW for move in due):
        return f"moved more than {WINDOW} days before the deal"
    if all(move.kind != "move" for move in due):
        return f"taken for a {due[0].kind}"
    if all(move.strength < DEFAULT.credit_strength_at / PPM for move in due):
        return "not known to be a champion, nor a customer's"
    return "move found in time, yet no credit (their part in the deal)"


def by_time(known: Truth, town: Town, readings: Sequence[tuple[str, Mapping[int, str]]]) -> Grid:
    """Recall by whether the company left was a customer by then: the data's truth does not ask, our rules do."""
    since = {one.id: _customer_since(one) for one in town.of("company")}
    joined = {(move.person, move.former_company, move.new_company): move.joined for move in known.moves}
    counts: dict[str, list[Counter[str]]] = {}
    for half in reversed(Half):
        for deal in known_of(known, half).deals:
            for company in truth_of_companies(deal):
                start, moved = since.get(company), joined.get((deal.person, company, deal.company))
                when = "unclear" if start is None or moved is None else ("yes" if start <= moved else "only later")
                line = counts.setdefault(when, [Counter(), Counter()])[1 - half]
                line["deals"] += 1
                line.update(name for name, tags in readings if tags.get(deal.deal, "") in {MOVED_CHAMPION, SEVERAL})
    rows = tuple(
        (when, *(cell for line in lines for cell in (line["deals"], *(_part(line, name) for name, _ in readings))))
        for when, lines in sorted(counts.items(), reverse=True)
    )
    names = [f"tagged, {name}" for name, _ in readings]
    columns = ("customer when the mover arrived elsewhere", "deals", *names, "fitting deals")
    return Grid("Deals of moved champions by when their former company was a customer", (
        *columns, *(f"fitting {name}" for name in names)), rows)  # fmt: skip


def _part(line: Counter[str], name: str) -> float | None:
    return line[name] / line["deals"] if line["deals"] else None


def _customer_since(company: Record) -> date | None:
    return next((one.at.date() for one in company.history("lifecyclestage") if one.value == "customer"), None)


def truth_of_companies(deal: DealTruth) -> set[int]:
    """The companies a deal is due to, won or not."""
    return {source.company for source in deal.sources if source.company}


def revenue_aim(name: str, known: Truth, told: ByDeal) -> Aim:
    """The total is wanted within three per cent."""
    return Aim(
        f"second-order revenue, {name}: total off by", books(known, told, Half.CHECKING).error, 0.03, at_most=True
    )


def _money(minor: int) -> str:
    return f"{minor / 100:,.2f}"
