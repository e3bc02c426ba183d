"""Who brought whom: the deals that followed from a company or a person, step by step.

Built from the stored edges by the rule that all-in values are made of, so its sums are theirs: of a
company the steps of an order add up to that order of its all-in value, and what is booked of the
first steps to its second-order revenue.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from integration.conclude.fields import company_values
from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.reports.ledger_lines import HomeTerms, home_terms
from integration.reports.records import record_card
from integration.reports.records.record_card import RecordCard
from integration.storage.database import Row, Transaction
from integration.storage.findings import all_in_values, person_rows, source_rows
from integration.storage.ledger import credit_rows
from integration.storage.ledger.credit_rows import CreditedSum
from integration.storage.mirror import deal_rows, mirror
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution import orders
from mappings.rules.attribution.orders import PathStep
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy

Names = Mapping[RefPair, str]
SHOWN = 1_000
"""So many steps stand on a page; the others are counted and added up where they hang."""
_FIRST = 2  # the order of the first steps: the root's own deals are of order 1
_WALKED = 20_000  # steps of one tree that are read at all
_CREDITED = 1_000  # deals of one person with which a tree begins


@dataclass(slots=True)
class Step:
    """A deal that followed, with what hangs below it.

    `minor` is the part of it that follows from the root, in the account's currency; `booked_minor`
    what is booked of it for the root, known of the first steps alone. `through_id` is the contact
    through whom the company before led to it. A return is a deal of the
    root itself: its money is shown and not added. `is_repeated` says that the deal hangs on another
    branch, too, with another part. `below` counts all steps beneath, `below_minor` adds them up;
    `left_out` are those among its children that are not shown.
    """

    deal_id: int
    buyer_id: int | None
    after_id: int | None
    order: int
    weight: int
    minor: int
    inherited: bool
    is_return: bool
    booked_minor: int | None = None
    through_id: int | None = None
    is_through_removed: bool = False
    is_repeated: bool = False
    below: int = 0
    below_minor: int = 0
    children: list["Step"] = field(default_factory=list)
    left_out: int = 0
    left_out_minor: int = 0

    @property
    def share(self) -> float:
        """The part of the deal, from 0 to 1."""
        return self.weight / SHARE_ONE

    @property
    def is_first(self) -> bool:
        """Whether the root brought it itself, by evidence: only that is booked."""
        return self.order == _FIRST and not self.inherited

    @property
    def all_minor(self) -> int:
        """What the step and everything below it adds to the root's value."""
        return self.below_minor + (0 if self.is_return else self.minor)


@dataclass(frozen=True, slots=True)
class Tree:
    """What followed from one company or person.

    `own_minor` is what a company bought itself, None of a person. `by_order` has the number of
    steps and their sum; all steps and a company's own deals add up to `total_minor`. `booked` is
    all that was booked for the root, of which `loose_minor` in `loose` deals hangs on no earlier
    purchase. `beyond_minor` is what lies beyond the steps that were read.
    """

    card: RecordCard
    terms: HomeTerms
    steps: Sequence[Step]
    count: int
    by_order: Mapping[int, tuple[int, int]]
    own_minor: int | None
    self_return_minor: int
    booked: CreditedSum
    loose: int
    loose_minor: int
    left_out: int
    left_out_minor: int
    is_cut: bool
    beyond_minor: int
    names: Names

    @property
    def total_minor(self) -> int:
        """All that followed, and what a company bought itself: its all-in value."""
        followed = sum(minor for _, minor in self.by_order.values())
        return (self.own_minor or 0) + followed + self.beyond_minor


def of(
    portal: PortalContext, object_type: ObjectType, record_id: int, *, shown: int = SHOWN
) -> Tree | None:
    """Return the tree of a company or of a contact's human; None for one that never was here.

    At most *shown* steps hang in it, the first orders before the later ones.
    """
    with portal.transaction() as tx:
        card = record_card.load(tx, object_type, record_id)
        if not card.is_known:
            return None
        terms, policy = home_terms(tx), settings.read(tx).policy
        walk = _of_company if object_type == ObjectType.COMPANY else _of_person
        return _tree(tx, walk(tx, card, terms, policy), shown)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What a tree is made of.

    `kept` are the stored sums by order, empty where none are stored; `credit` is what is booked by
    deal, `booked` the sum of all that is.
    """

    card: RecordCard
    terms: HomeTerms
    steps: Sequence[Step]
    is_cut: bool
    kept: Mapping[int, int]
    credit: Mapping[int, int]
    booked: CreditedSum
    own_minor: int | None = None


def _of_company(tx: Transaction, card: RecordCard, terms: HomeTerms, policy: Policy) -> _Walk:
    company_id, home = card.record_id, terms.currency
    former = mirror.former_ids(tx, ObjectType.COMPANY, [company_id]).get(company_id, set())
    credited_ids = [company_id, *sorted(former)]
    won = _won(deal_rows.of_companies(tx, [company_id]).get(company_id, []))
    graph = company_values.graph_below(tx, won, policy, home)
    walked = list(islice(orders.paths(company_id, graph, policy), _WALKED + 1))
    value = all_in_values.of_companies(tx, [company_id]).get(company_id)
    kept = _kept(value)
    steps = _steps(walked[:_WALKED], company_id, kept)
    first = {step.deal_id for step in steps if step.is_first}
    return _Walk(
        card,
        terms,
        steps,
        is_cut=len(walked) > _WALKED,
        kept=kept,
        credit=credit_rows.credit_of(tx, "company", credited_ids, first, home),
        booked=credit_rows.credited_sum(tx, "company", credited_ids, home),
        own_minor=int(value["direct_minor"]) if value else 0,
    )


def _of_person(tx: Transaction, card: RecordCard, terms: HomeTerms, policy: Policy) -> _Walk:
    memberships = person_rows.memberships(tx, [card.record_id])
    subjects = source_rows.subjects_of(tx, sorted(memberships) or [card.record_id])
    credited = credit_rows.credited_deals(tx, "person", subjects, terms.currency, limit=_CREDITED)
    loaded = deal_rows.load(tx, [line.deal_id for line in credited]) if credited else {}
    graph = company_values.graph_below(tx, _won(loaded.values()), policy, terms.currency)
    beginnings = [
        PathStep(graph.deals[line.deal_id], _FIRST, line.share, inherited=False)
        for line in credited
        if line.deal_id in graph.deals
    ]
    further = islice(orders.paths_from(beginnings, None, graph, policy), _WALKED + 1)
    walked = [*beginnings, *further]
    credit = {line.deal_id: line.home_minor for line in credited}
    steps = _steps(walked[:_WALKED], None, {})
    for step in steps:
        # What the books say of the first steps, to the cent.
        step.minor = credit[step.deal_id] if step.order == _FIRST else step.minor
    return _Walk(
        card,
        terms,
        steps,
        is_cut=len(walked) > _WALKED,
        kept={},
        credit=credit,
        booked=credit_rows.credited_sum(tx, "person", subjects, terms.currency),
    )


def _won(rows: Iterable[Row]) -> dict[int, Row]:
    return {row["deal_id"]: row for row in rows if row["is_won"]}


def _kept(value: Row | None) -> dict[int, int]:
    """What each order of a company's all-in value is, as it is stored."""
    if value is None:
        return {}
    return {order: minor for order, minor in enumerate(value["by_order"], 2) if minor}


def _steps(walked: Sequence[PathStep], home: int | None, kept: Mapping[int, int]) -> list[Step]:
    """The steps of all paths, each with its part in whole minor units, hung on one another.

    The parts of an order add up to what is kept of it, if they can by rounding alone.
    """
    minor_of = _rounded(walked, home, kept)
    made: dict[int, Step] = {}
    for path in walked:
        made[id(path)] = Step(
            deal_id=path.deal.id,
            buyer_id=path.deal.company_id,
            after_id=path.before.deal.id if path.before else None,
            order=path.order,
            weight=path.weight,
            minor=minor_of[id(path)],
            inherited=path.inherited,
            is_return=home is not None and path.deal.company_id == home,
        )
    for path in walked:
        parent = made.get(id(path.before)) if path.before else None
        if parent is not None:
            parent.children.append(made[id(path)])
    steps = list(made.values())
    _mark_repeated(steps)
    return steps


def _rounded(
    walked: Sequence[PathStep], home: int | None, kept: Mapping[int, int]
) -> dict[int, int]:
    """Whole minor units of each path: the largest remainders are rounded up, as many as add up."""
    rounded: dict[int, int] = {}
    by_order: dict[int, list[PathStep]] = {}
    for path in walked:
        if home is not None and path.deal.company_id == home:
            rounded[id(path)] = orders.whole(path.money)
        else:
            by_order.setdefault(path.order, []).append(path)
    for order, same in by_order.items():
        floors = {id(path): divmod(path.money, SHARE_ONE) for path in same}
        exact = orders.whole(sum(path.money for path in same))
        missing = kept.get(order, exact) - sum(units for units, _ in floors.values())
        # What is kept may be newer than what was walked: then nothing is forced to add up.
        if not 0 <= missing <= len(same):
            missing = exact - sum(units for units, _ in floors.values())
        largest = sorted(floors, key=lambda number: -floors[number][1])[:missing]
        up = set(largest)
        rounded |= {number: units + (number in up) for number, (units, _) in floors.items()}
    return rounded


def _mark_repeated(steps: Sequence[Step]) -> None:
    seen: dict[int, int] = {}
    for step in steps:
        seen[step.deal_id] = seen.get(step.deal_id, 0) + 1
    for step in steps:
        step.is_repeated = seen[step.deal_id] > 1


def _tree(tx: Transaction, walk: _Walk, shown: int) -> Tree:
    steps = walk.steps
    on_steps = _book(steps, walk.credit)
    _add_up(steps)
    by_order = _by_order(steps)
    followed = sum(minor for _, minor in by_order.values())
    top, left_out = _cut(steps, shown)
    is_company = walk.card.object_type == ObjectType.COMPANY
    _find_carriers(tx, top, walk.card.record_id if is_company else None)
    return Tree(
        card=walk.card,
        terms=walk.terms,
        steps=top,
        count=len(steps),
        by_order=by_order,
        own_minor=walk.own_minor,
        self_return_minor=sum(step.minor for step in steps if step.is_return),
        booked=walk.booked,
        loose=walk.booked.deals - len(on_steps),
        loose_minor=walk.booked.home_minor - sum(on_steps.values()),
        left_out=len(left_out) + sum(step.below for step in left_out),
        left_out_minor=sum(step.all_minor for step in left_out),
        is_cut=walk.is_cut,
        beyond_minor=sum(walk.kept.values()) - followed if walk.kept else 0,
        names=record_names.shown(tx, set(_refs(walk.card, _all_below(top)))),
    )


def _book(steps: Iterable[Step], credit: Mapping[int, int]) -> dict[int, int]:
    """Write what is booked of the first steps on them, once for each deal; return it by deal."""
    booked: dict[int, int] = {}
    for step in steps:
        if step.is_first and step.deal_id in credit and step.deal_id not in booked:
            step.booked_minor = booked[step.deal_id] = credit[step.deal_id]
    return booked


def _add_up(steps: Iterable[Step]) -> None:
    """Count and add up what hangs below each step, the deepest first; returns are not added."""
    for step in sorted(steps, key=lambda step: -step.order):
        step.below = len(step.children) + sum(child.below for child in step.children)
        step.below_minor = sum(child.all_minor for child in step.children)
        step.children.sort(key=_largest_first)


def _largest_first(step: Step) -> tuple[int, int]:
    return -step.all_minor, step.deal_id


def _by_order(steps: Iterable[Step]) -> dict[int, tuple[int, int]]:
    by_order: dict[int, tuple[int, int]] = {}
    for step in steps:
        if not step.is_return:
            count, minor = by_order.get(step.order, (0, 0))
            by_order[step.order] = count + 1, minor + step.minor
    return dict(sorted(by_order.items()))


def _cut(steps: Sequence[Step], shown: int) -> tuple[list[Step], list[Step]]:
    """Leave out what is too much for a page: of the later orders first, the smaller ones first.

    Returns the first steps that stay, and those that do not.
    """
    ordered = sorted(steps, key=lambda step: (step.order, *_largest_first(step)))
    kept = {id(step) for step in ordered[:shown]}
    for step in steps:
        gone = [child for child in step.children if id(child) not in kept]
        step.left_out = len(gone) + sum(child.below for child in gone)
        step.left_out_minor = sum(child.all_minor for child in gone)
        step.children = [child for child in step.children if id(child) in kept]
    roots = [step for step in ordered if step.order == _FIRST]
    return (
        [step for step in roots if id(step) in kept],
        [step for step in roots if id(step) not in kept],
    )


def _find_carriers(tx: Transaction, top: Sequence[Step], root_id: int | None) -> None:
    """Say of each step that is shown through whom it came from the company before."""
    shown = list(_all_below(top))
    found = {
        (line.deal_id, line.company_id): line
        for line in credit_rows.carriers(tx, {step.deal_id for step in shown})
    }
    # A person's first steps came through that person.
    before = [(step, root_id) for step in top]
    before += [(child, step.buyer_id) for step in shown for child in step.children]
    for step, company_id in before:
        line = found.get((step.deal_id, company_id or 0))
        if line is not None:
            step.through_id, step.is_through_removed = line.contact_id, line.is_removed


def _all_below(steps: Iterable[Step]) -> Iterator[Step]:
    """Every step that is shown, a branch after the other."""
    waiting = list(reversed(list(steps)))
    while waiting:
        step = waiting.pop()
        yield step
        waiting.extend(reversed(step.children))


def rows(tree: Tree) -> Iterator[Step]:
    """Return the tree's steps as rows of a table: each branch from its root to its ends."""
    return _all_below(tree.steps)


def _refs(card: RecordCard, steps: Iterable[Step]) -> Iterator[RefPair]:
    yield card.object_type, card.record_id
    for step in steps:
        yield ObjectType.DEAL.value, step.deal_id
        if step.after_id is not None:
            yield ObjectType.DEAL.value, step.after_id
        if step.buyer_id is not None:
            yield ObjectType.COMPANY.value, step.buyer_id
        if step.through_id is not None:
            yield ObjectType.CONTACT.value, step.through_id
