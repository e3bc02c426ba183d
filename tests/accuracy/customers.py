"""The CRM history of the development data: through the app, and scored in every way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mappings.records.setup_kinds import BY_STAGE_ALWAYS, CUSTOMER_RULE
from tests.accuracy import calibration, dealing, moving, people, tagging
from tests.accuracy.calibration import Case
from tests.accuracy.ground import Ground
from tests.accuracy.halves import Half
from tests.accuracy.meaning import by_meaning
from tests.accuracy.naive import Naive
from tests.accuracy.reading import FoundMove, Reading, read
from tests.accuracy.tables import Grid, Report
from tests.sandbox import town_load, truth
from tests.sandbox.crm import Portal
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import Town
from tests.sandbox.truth_facts import MOVED_CHAMPION, Truth
from tests.world import HARBOR

# What the owner of this CRM would choose, because the data's own truth counts so. Asked on the
# set-up page who is a customer, they say: by the lifecycle stage, whenever it was reached. A
# mover's deal is wholly theirs, however long ago the move and whatever their part. Where private
# mail lives is told in any case: nothing in the data's addresses could tell it.
OWNER_ANSWERS: dict[str, str] = {CUSTOMER_RULE: BY_STAGE_ALWAYS}
OWNER_POLICY: dict[str, str] = {
    "move_to_deal_days": "36500",
    "age_flat_days": "36500",
    "moved_sourced": "1000000",
    "moved_assisted": "1000000",
    "moved_present": "1000000",
}
UNTOUCHED = 4717
DEFAULTS, CHOSEN = "the rules' defaults", "owner's choices"


@dataclass(frozen=True, slots=True)
class Customers:
    """The town and what the app said of it under each settings version."""

    town: Town
    naive: Naive
    defaults: Reading | None
    chosen: Reading


def load(portal: Portal, folder: Path) -> Town:
    """Fill a portal with the CRM history, its last day today."""
    town = read_town(folder, datetime.now(UTC).date())
    town_load.arrange(portal, town.setup)
    town_load.fill(portal, town)
    return town


def run(ground: Ground, folder: Path, *, with_defaults: bool) -> Customers:
    """Import, conclude, write back; with *with_defaults* in another portal, too.

    Its owner answers the set-up page as it proposes, and chooses nothing else.
    """
    town, chosen = _portal(ground, folder, HARBOR, "Harbor", choices=True)
    defaults = (
        _portal(ground, folder, UNTOUCHED, "Untouched", choices=False)[1] if with_defaults else None
    )
    return Customers(town, Naive(town, town.free_mail_hosts), defaults, chosen)


def _portal(
    ground: Ground, folder: Path, portal_id: int, name: str, *, choices: bool
) -> tuple[Town, Reading]:
    portal = ground.hubspot.add_portal(
        portal_id, name, currency="USD", time_zone="America/New_York"
    )
    town = load(portal, folder)
    hosts = {"extra_free_hosts": "\n".join(sorted(town.free_mail_hosts))}
    ground.connect(portal, hosts)
    if choices:
        ground.decide(portal_id, OWNER_POLICY)
    seconds = ground.settle(portal_id, OWNER_ANSWERS if choices else {})
    ground.say.print(f"  {name}: imported and concluded in {seconds:.0f} s", style="dim")
    with ground.runtime() as runtime:
        return town, read(runtime, portal)


def report(found: Customers) -> Report:
    """Score everything."""
    known, chosen = found.town.truth, found.chosen
    told, rules = Report(), found.naive.rules()
    strongest = rules[-1][1]
    told.add(moving.overview(known, chosen.moves, rules), aims=moving.aims(known, chosen.moves))
    told.add(
        moving.precision_by_shape(known, chosen.moves),
        *moving.recall_by(known, chosen.moves, strongest),
        moving.wrong_by_kind(known, chosen.moves, strongest),
        moving.dates(known, chosen.moves),
        departures(found),
        people.overview(
            "Same human, one person",
            known.people,
            [("ours", chosen.persons), ("naive N1 in chains", people.groups_of(rules[0][1])),
             ("naive N2 in chains", people.groups_of(rules[1][1]))],
        ),
    )  # fmt: skip
    _deals(told, found)
    for title, (checking, fitting) in cases(known, chosen).items():
        told.add(
            calibration.table(title, checking, fitting), aims=[calibration.aim(title, checking)]
        )
    return told


def _deals(told: Report, found: Customers) -> None:
    known = found.town.truth
    readings = [(CHOSEN, found.chosen)] + ([(DEFAULTS, found.defaults)] if found.defaults else [])
    naive = found.naive.deals()
    tagged = [(name, tagging.claims_of(reading)) for name, reading in readings]
    for how, truths in _truths(found):
        told.add(
            tagging.overview(
                how, truths, [*tagged, ("naive", dict.fromkeys(naive, frozenset({MOVED_CHAMPION})))]
            ),
            aims=tagging.aims(how, truths, tagged[0][1]),
        )
    told.add(
        tagging.missed(known, found.chosen, found.town), tagging.by_time(known, found.town, tagged)
    )
    money = [
        (f"whole amounts of tagged deals, {name}", dealing.whole_amounts(known, one))
        for name, one in readings
    ]
    money += [(f"booked in the ledger, {name}", dealing.booked(one)) for name, one in readings]
    amounts = {deal.deal: deal.amount or 0 for deal in known.deals}
    claimed = {deal: {company: amounts[deal]} for deal, company in naive.items()}
    own = [(name, one) for name, one in money if name.endswith(CHOSEN)]
    for how, truths in _truths(found):
        told.add(
            dealing.revenue(how, truths, [*money, ("naive: whole amounts", claimed)]),
            aims=[dealing.revenue_aim(f"{name}, {how}", truths, one) for name, one in own],
        )
    for name, one in own:
        told.add(*dealing.differences(known, name, one))


def _truths(found: Customers) -> tuple[tuple[str, Truth], ...]:
    """The data's labels, which look at one mover a deal; and their definition, worked out for everybody on it."""
    return ("as labelled", found.town.truth), ("by the label's meaning", by_meaning(found.town))


def departures(found: Customers) -> Grid:
    """People the app says left without a known goal: did they really leave that company?"""
    known = found.town.truth
    left = {(move.person, move.former_company) for move in known.moves} | set(known.left)
    rows = []
    for statuses, name in (
        (moving.AUTOMATIC, "automatic"),
        (moving.REVIEW, "automatic and review"),
        (None, "all"),
    ):
        line: list[str | int | float | None] = [name]
        for half in reversed(Half):
            some = [
                move
                for move in found.chosen.moves
                if move.new_company is None
                and (statuses is None or move.status in statuses)
                and moving.of_half(known, move.former, half)
            ]
            right = sum(
                (known.people.get(move.former, ""), move.former_company or 0) in left
                for move in some
            )
            line += [len(some), right / len(some) if some else None]
        rows.append(tuple(line))
    columns = ("left, goal unknown", "told", "really left", "fitting told", "fitting really left")
    return Grid("Departures without a known new job", columns, tuple(rows))


def cases(known: Truth, reading: Reading) -> dict[str, tuple[list[Case], list[Case]]]:
    """Confidences with what was true, checking and fitting half, for moves and for identity."""
    return {
        "moves": (
            _moves(known, reading.moves, Half.CHECKING),
            _moves(known, reading.moves, Half.FITTING),
        ),
        "same human": (_same(known, reading, Half.CHECKING), _same(known, reading, Half.FITTING)),
    }


def _moves(known: Truth, moves: Sequence[FoundMove], half: Half) -> list[Case]:
    """Every stored move with a goal, whatever its status; unsettled pairs tell nothing."""
    mine = [move for move in moving.arrivals(moves) if moving.of_half(known, move.former, half)]
    verdicts = truth.verdicts(known, [move.pair for move in mine])
    return [
        (move.confidence, verdicts[move.pair] == truth.RIGHT)
        for move in mine
        if verdicts[move.pair] != truth.UNSETTLED
    ]


def _same(known: Truth, reading: Reading, half: Half) -> list[Case]:
    return [
        (p, known.people[a] == known.people[b])
        for (a, b), p in sorted(reading.pairs.items())
        if a in known.people and b in known.people and moving.of_half(known, min(a, b), half)
    ]
