"""Deals tagged: which kinds of source the app claims for a deal, and how often rightly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT
from tests.accuracy.definition import customer_since
from tests.accuracy.halves import Half
from tests.accuracy.moving import known_of
from tests.accuracy.reading import FoundMove, Reading
from tests.accuracy.tables import Aim, Grid
from tests.sandbox import truth
from tests.sandbox.town_rows import Town
from tests.sandbox.truth import TOLD_BY_A_PERSON, Score
from tests.sandbox.truth_facts import (
    MOVED_CHAMPION,
    NONE,
    REFERRAL,
    SEVERAL,
    WORD_OF_MOUTH,
    DealTruth,
    Truth,
)

Kinds = frozenset[str]
Claims = Mapping[int, Kinds]
TOLD = frozenset({REFERRAL, WORD_OF_MOUTH})


def claims_of(reading: Reading) -> dict[int, Kinds]:
    """The kinds of source each deal is tagged with in the CRM; what "several" means is what its sources are.

    A wrong kind hides in "several" otherwise: the tag alone does not say which kinds it stands for.
    """
    sources: dict[int, set[str]] = defaultdict(set)
    for source in reading.sources:
        sources[source.deal].add(source.kind)
    return {
        deal: frozenset(sources[deal]) if tag == SEVERAL else frozenset({tag} - {NONE})
        for deal, tag in reading.written.tags.items()
    }


def score(known: Truth, claims: Claims) -> dict[str, Score]:
    """Judge both kinds the data knows, each by itself."""
    moved = {
        deal: MOVED_CHAMPION if MOVED_CHAMPION in kinds else NONE for deal, kinds in claims.items()
    }
    told = {deal: REFERRAL if kinds & TOLD else NONE for deal, kinds in claims.items()}
    return {
        MOVED_CHAMPION: truth.score_tags(known, moved)[MOVED_CHAMPION],
        TOLD_BY_A_PERSON: truth.score_tags(known, told)[TOLD_BY_A_PERSON],
    }


def overview(how: str, known: Truth, readings: Sequence[tuple[str, Claims]]) -> Grid:
    """Precision and recall of tags, one line for each kind and reading."""
    rows = []
    for name, claims in readings:
        checking, fitting = (score(known_of(known, half), claims) for half in reversed(Half))
        for kind, one in checking.items():
            if one.right or one.wrong:
                rows.append((
                    f"{kind}, {name}", one.precision, one.recall, one.right, one.wrong, f"{one.found}/{one.true}",
                    _most(one.wrong_by_kind), fitting[kind].precision, fitting[kind].recall,
                ))  # fmt: skip
    columns = (
        "tag",
        "precision",
        "recall",
        "right",
        "wrong",
        "found",
        "wrong ones are",
        "fitting P",
        "fitting R",
    )
    return Grid(f"Deals tagged, {how}", columns, tuple(rows))


def _most(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in list(kinds.items())[:3])


def aims(how: str, known: Truth, claims: Claims) -> list[Aim]:
    """What is wanted of the tag for moved champions."""
    one = score(known_of(known, Half.CHECKING), claims)[MOVED_CHAMPION]
    return [
        Aim(f"deals tagged moved_champion, {how}: precision", one.precision, 0.97),
        Aim(f"deals tagged moved_champion, {how}: recall", one.recall, 0.93),
    ]


def missed(known: Truth, reading: Reading, town: Town) -> Grid:
    """How many of the true movers' deals are tagged, and what stood in the way of the others."""
    claims = claims_of(reading)
    columns = []
    for half, why in between(known, reading, town).items():
        deals = [deal.deal for deal in known_of(known, half).deals if deal.sources]
        tagged = sum(MOVED_CHAMPION in claims.get(deal, frozenset()) for deal in deals)
        columns.append(Counter({"tagged": tagged}) + why)
    checking, fitting = columns
    rows = tuple((kind, count, fitting[kind]) for kind, count in checking.most_common())
    return Grid(
        "Deals of moved champions, and what stood in the way", ("", "deals", "fitting deals"), rows
    )


def between(known: Truth, reading: Reading, town: Town) -> dict[Half, Counter[str]]:
    """What stood between the true movers' deals that are not tagged and their tag, by half."""
    created = {deal.id: deal.created.date() for deal in town.of("deal")}
    moves: dict[tuple[str, int | None], list[FoundMove]] = defaultdict(list)
    for move in reading.moves:
        moves[known.people.get(move.new, ""), move.new_company].append(move)
    claims = claims_of(reading)
    found: dict[Half, Counter[str]] = {}
    for half in reversed(Half):
        why = found.setdefault(half, Counter())
        for deal in known_of(known, half).deals:
            if deal.sources and MOVED_CHAMPION not in claims.get(deal.deal, frozenset()):
                due = moves[deal.person, deal.company]
                why[_between(deal, due, created[deal.deal], reading.rule.window)] += 1
    return found


def _between(deal: DealTruth, moves: Sequence[FoundMove], created: date, window: int) -> str:
    due = [move for move in moves if move.former_company in companies_of(deal)]
    if not due:
        return "move not found" if not moves else "move found, but from another company"
    if not any(move.is_auto for move in due):
        return "move found, but not automatic"
    if all(move.moved > created for move in due):
        return "move dated after the deal was created"
    if all(move.kind != "move" for move in due):
        return f"taken for a {due[0].kind}"
    if all(move.strength < DEFAULT.credit_strength_at / PPM for move in due):
        return "not known to be a champion, nor a customer's"
    if all((created - move.moved).days > window for move in due):
        return f"moved more than {window:,} days before the deal"
    return "move found in time, yet no credit (their part in the deal)"


def by_time(known: Truth, town: Town, readings: Sequence[tuple[str, Claims]]) -> Grid:
    """Recall by whether the company left was a customer by then: the data's truth does not ask, our rules do."""
    since = {one.id: customer_since(one) for one in town.of("company")}
    joined = {
        (move.person, move.former_company, move.new_company): move.joined for move in known.moves
    }
    counts: dict[str, list[Counter[str]]] = {}
    for half in reversed(Half):
        for deal in known_of(known, half).deals:
            for company in companies_of(deal):
                start, moved = since.get(company), joined.get((deal.person, company, deal.company))
                when = (
                    "unclear"
                    if start is None or moved is None
                    else ("yes" if start <= moved else "only later")
                )
                line = counts.setdefault(when, [Counter(), Counter()])[1 - half]
                line["deals"] += 1
                line.update(
                    name
                    for name, some in readings
                    if MOVED_CHAMPION in some.get(deal.deal, frozenset())
                )
    rows = tuple(
        (
            when,
            *(
                cell
                for line in lines
                for cell in (line["deals"], *(_part(line, name) for name, _ in readings))
            ),
        )
        for when, lines in sorted(counts.items(), reverse=True)
    )
    names = [f"tagged, {name}" for name, _ in readings]
    columns = ("customer when the mover arrived elsewhere", "deals", *names, "fitting deals")
    title = "Deals of moved champions by when their former company was a customer"
    return Grid(title, (*columns, *(f"fitting {name}" for name in names)), rows)


def _part(line: Counter[str], name: str) -> float | None:
    return line[name] / line["deals"] if line["deals"] else None


def companies_of(deal: DealTruth) -> set[int]:
    """The companies a deal is due to, won or not."""
    return {source.company for source in deal.sources if source.company}
