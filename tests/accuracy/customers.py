"""The CRM history of the development data: through the app, and scored in every way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, CUSTOMER_RULE
from tests.accuracy import choosing, dealing, moving, people, tagging
from tests.accuracy.calibration import Case, Halves
from tests.accuracy.choosing import Judged
from tests.accuracy.definition import by_definition
from tests.accuracy.ground import Ground
from tests.accuracy.halves import Half
from tests.accuracy.meaning import by_meaning
from tests.accuracy.naive import Naive
from tests.accuracy.reading import FoundMove, Reading, read
from tests.accuracy.tables import Grid, Report
from tests.accuracy.tagging import claims_of
from tests.sandbox import town_load, truth
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
NEW = "a new admin who answers nothing"
PROPOSED = "the set-up page answered as proposed"
BOUGHT = "won deals chosen on the set-up page"
CHOSEN = "owner's choices"


@dataclass(frozen=True, slots=True)
class Choices:
    """What an admin chooses, and in which portal; without answers nothing is answered in time."""

    name: str
    portal_id: int
    answers: Mapping[str, str] | None
    policy: Mapping[str, str] = field(default_factory=dict)


# What a new admin gets comes first. They answer later in the same portal, which is where admins do.
CHOICES = (
    Choices(NEW, 4717, None),
    Choices(PROPOSED, 4717, {}),
    Choices(BOUGHT, 4718, {CUSTOMER_RULE: BY_DEALS}),
    Choices(CHOSEN, HARBOR, OWNER_ANSWERS, OWNER_POLICY),
)


@dataclass(frozen=True, slots=True)
class Customers:
    """The town, and what the app said of it by each admin's choices, a new admin's first."""

    town: Town
    naive: Naive
    readings: Mapping[str, Reading]

    @property
    def chosen(self) -> Reading:
        """The reading that is looked at from all sides."""
        return self.readings[CHOSEN]


def run(ground: Ground, folder: Path, *, every_choice: bool) -> Customers:
    """Import, conclude, write back: by each admin's choices, or by the owner's alone."""
    kept = [choices for choices in CHOICES if every_choice or choices.name == CHOSEN]
    town = read_town(folder, datetime.now(UTC).date())
    readings = {choices.name: _reading(ground, town, choices) for choices in kept}
    return Customers(town, Naive(town, town.free_mail_hosts), readings)


def _reading(ground: Ground, town: Town, choices: Choices) -> Reading:
    """Install, unless that was done for an earlier admin's choices; settle, and read."""
    if choices.portal_id not in ground.admins:
        _install(ground, town, choices)
    seconds = ground.settle(choices.portal_id, choices.answers)
    ground.say.print(f"  {choices.name}: concluded in {seconds:.0f} s", style="dim")
    with ground.runtime() as runtime:
        return read(runtime, ground.hubspot.portals[choices.portal_id])


def _install(ground: Ground, town: Town, choices: Choices) -> None:
    portal = ground.hubspot.add_portal(
        choices.portal_id, choices.name, currency="USD", time_zone="America/New_York"
    )
    town_load.arrange(portal, town.setup)
    town_load.fill(portal, town)
    ground.connect(portal, {"extra_free_hosts": "\n".join(sorted(town.free_mail_hosts))})
    if choices.policy:
        ground.decide(choices.portal_id, choices.policy)


def report(found: Customers) -> Report:
    """Score everything."""
    known, chosen = found.town.truth, found.chosen
    told, rules = Report(), found.naive.rules()
    strongest = rules[-1][1]
    _by_choices(told, found)
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
    return told


def _by_choices(told: Report, found: Customers) -> None:
    """Deals tagged and money booked by each admin's choices, side by side."""
    meaning = by_meaning(found.town)
    judged = [
        Judged(name, reading, by_definition(found.town, reading.rule), meaning)
        for name, reading in found.readings.items()
    ]
    told.first = choosing.side_by_side(judged)
    told.add(
        choosing.wrong_and_missed(found.town, judged),
        choosing.money(judged),
        aims=choosing.aims(judged),
    )
    told.aims += tagging.aims(f"by the label's meaning, {CHOSEN}", meaning, claims_of(found.chosen))


def _deals(told: Report, found: Customers) -> None:
    known = found.town.truth
    naive = found.naive.deals()
    tagged = [(name, claims_of(reading)) for name, reading in found.readings.items()]
    for how, truths in _truths(found):
        told.add(
            tagging.overview(
                how, truths, [*tagged, ("naive", dict.fromkeys(naive, frozenset({MOVED_CHAMPION})))]
            )
        )
    told.add(
        tagging.missed(known, found.chosen, found.town), tagging.by_time(known, found.town, tagged)
    )
    money = [
        (f"whole amounts of tagged deals, {name}", dealing.whole_amounts(known, one))
        for name, one in found.readings.items()
    ]
    money += [
        (f"booked in the ledger, {name}", dealing.booked(one))
        for name, one in found.readings.items()
    ]
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


def moves_of(known: Truth, reading: Reading) -> Halves:
    """How sure the app was of its moves, and how often rightly."""
    checking, fitting = (_moves(known, reading.moves, half) for half in reversed(Half))
    return checking, fitting


def _moves(known: Truth, moves: Sequence[FoundMove], half: Half) -> list[Case]:
    """Every stored move with a goal, whatever its status; unsettled pairs tell nothing."""
    mine = [move for move in moving.arrivals(moves) if moving.of_half(known, move.former, half)]
    verdicts = truth.verdicts(known, [move.pair for move in mine])
    return [
        (move.confidence, verdicts[move.pair] == truth.RIGHT)
        for move in mine
        if verdicts[move.pair] != truth.UNSETTLED
    ]
