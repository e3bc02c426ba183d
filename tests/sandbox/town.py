"""A seeded town: people change jobs, refer each other, answer surveys, open tickets and buy, and the truth is kept.

``python -m tests.sandbox.town --seed 7 --scale 0.1`` prints what such a town holds. A town larger
than one is made of districts, each grown and loaded by itself, so that memory depends on the portal
and not on the town.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from tests.sandbox import (
    crm,
    town_activities,
    town_load,
    town_success,
    town_traces,
    truth_facts,
)
from tests.sandbox import town_rates as rates
from tests.sandbox.town_careers import settle_people
from tests.sandbox.town_causes import Causes, deal_truths, former_customer_seat
from tests.sandbox.town_deals import Market, ordinary_deals
from tests.sandbox.town_dirt import make_dirt
from tests.sandbox.town_firms import found_firms, setup
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import Setup, Town
from tests.sandbox.town_state import District, Portal, fair_copy, first_day
from tests.sandbox.truth_facts import Move, Truth

LAST_DAY = date(2026, 6, 30)
HARBOR = ("USD", ("EUR", "GBP"))
ORCHARD = ("EUR", ())
LEAST_FIRMS = 16  # so that whoever changes jobs five times finds somewhere new to go
HARBOR_ID, ORCHARD_ID = 4711, 4712
_RATES = {"EUR": "1.08", "GBP": "1.27"}  # of one unit, in harbor's dollars
# Leads that a referral or hearsay brings come on top of the people who were there anyway.
_BROUGHT = (rates.REFERRAL_DEALS + rates.WORD_OF_MOUTH_DEALS) * rates.DEALS / rates.CONTACTS


def grow(
    seed: int = 7,
    scale: float = 1.0,
    today: date = LAST_DAY,
    money: tuple[str, tuple[str, ...]] = HARBOR,
) -> Town:
    """A whole town at once; the same arguments give the same bytes."""
    pieces = list(districts(seed, scale, today, money))
    return Town(
        setup=pieces[0].setup,
        records=tuple(record for piece in pieces for record in piece.records),
        links=tuple(link for piece in pieces for link in piece.links),
        truth=truth_facts.merged(piece.truth for piece in pieces),
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What *load* put where: the truth by portal id, and hosts of private addresses to tell the app about."""

    truths: dict[int, Truth]
    free_mail_hosts: dict[int, frozenset[str]]


def load(
    hubspot: crm.HubSpot,
    name_or_path: str | Path = "shipped",
    *,
    seed: int = 7,
    scale: float = 1.0,
    orchard_scale: float = 0.1,
    today: date | None = None,
) -> Loaded:
    """Fill harbor with the shipped town or with the one in a folder, and orchard with a small other one.

    ``shipped:0.05`` is the shipped town at another scale. Portals that are there already keep their
    settings. Large towns are loaded district by district and forgotten; only their truth is kept.
    """
    last_day = today or datetime.now(UTC).date()
    into = hubspot.portals.get(HARBOR_ID) or hubspot.add_portal(
        HARBOR_ID, "Harbor", currency="USD", currencies=_RATES, time_zone="America/New_York"
    )
    name, _, size = str(name_or_path).partition(":")
    if name == "shipped":
        pieces = districts(seed, float(size) if size else scale, last_day, HARBOR)
    else:
        pieces = iter([read_town(Path(name_or_path), last_day)])
    truth, hosts = _fill(into, pieces)
    other = hubspot.portals.get(ORCHARD_ID) or hubspot.add_portal(
        ORCHARD_ID, "Orchard", currency="EUR", service_hub=False
    )
    other_truth, _ = _fill(other, districts(seed + 4, orchard_scale, last_day, ORCHARD))
    return Loaded(
        {HARBOR_ID: truth, ORCHARD_ID: other_truth}, {HARBOR_ID: hosts, ORCHARD_ID: frozenset()}
    )


def _fill(portal: crm.Portal, pieces: Iterator[Town]) -> tuple[Truth, frozenset[str]]:
    truths: list[Truth] = []
    hosts: frozenset[str] = frozenset()
    for piece in pieces:
        if not truths:
            town_load.arrange(portal, piece.setup)
        town_load.fill(portal, piece)
        truths.append(piece.truth)
        hosts |= piece.free_mail_hosts
    return truth_facts.merged(truths), hosts


def harbor(scale: float = 1.0, today: date | None = None) -> Town:
    """The demo's main portal."""
    return grow(7, scale, today or datetime.now(UTC).date(), HARBOR)


def orchard(scale: float = 0.1, today: date | None = None) -> Town:
    """The other portal: smaller, another seed, one currency."""
    return grow(11, scale, today or datetime.now(UTC).date(), ORCHARD)


def districts(
    seed: int, scale: float, today: date = LAST_DAY, money: tuple[str, tuple[str, ...]] = HARBOR
) -> Iterator[Town]:
    """The town piece by piece, none larger than scale 1; all pieces share one portal setup."""
    arrangement, portal = setup(seed, *money), Portal()
    number = 0
    while scale > 1e-9:
        size = min(scale, 1.0)
        dice, logged = (
            random.Random(f"{seed}/{number}"),
            random.Random(f"{seed}/{number}/activities"),
        )
        fared = random.Random(f"{seed}/{number}/success")
        yield _district(dice, portal, arrangement, size, today, logged, fared)
        scale, number = scale - size, number + 1


def _district(
    dice: random.Random,
    portal: Portal,
    arrangement: Setup,
    size: float,
    today: date,
    logged: random.Random,
    fared: random.Random,
) -> Town:
    owners = tuple(owner.id for owner in arrangement.owners)
    district = District(dice, portal, first_day(today), size, owners=owners)
    contacts, deals = round(rates.CONTACTS * size), round(rates.DEALS * size)
    found_firms(district, max(LEAST_FIRMS, round(rates.COMPANIES * size * 0.93)))
    settle_people(district, round(contacts * (rates.PEOPLE_PER_CONTACT - _BROUGHT)))
    make_dirt(district, contacts)
    market = Market(district, arrangement.currency, arrangement.other_currencies)
    causes = Causes(market, [])
    brought = rates.MOVED_CHAMPION_DEALS * 0.6 + rates.REFERRAL_DEALS + rates.WORD_OF_MOUTH_DEALS
    ordinary_deals(market, round(deals * (1 - brought)))
    causes.run(deals)
    town_traces.leave_traces(
        district, {referral.referrer.draft.id for referral in causes.referrals}
    )
    town_activities.keep_in_touch(district, causes, logged)
    town_success.let_customers_fare(district, fared)
    return Town(
        arrangement,
        tuple(fair_copy(district, draft) for draft in district.drafts),
        tuple(district.links),
        _truth(district, causes),
    )


def _truth(district: District, causes: Causes) -> Truth:
    employers: dict[int, dict[int, None]] = {}
    people: dict[int, str] = {}
    from_customer: dict[tuple[str, int, int], bool] = {}
    for person in district.people:
        for sit in person.seats:
            people[sit.draft.id] = person.key
            employers.setdefault(sit.draft.id, {})[sit.firm.id] = None
            if sit.moved_from is not None:
                key = (person.key, sit.draft.id, sit.firm.id)
                from_customer[key] = former_customer_seat(sit) is not None
    return Truth(
        moves=tuple(_settled(move, from_customer) for move in district.moves),
        silent_moves=district.silent_moves,
        non_moves=tuple(district.non_moves),
        deals=deal_truths(causes),
        customers=tuple(firm.id for firm in district.firms if firm.wins),
        people=people,
        employers={contact: tuple(firms) for contact, firms in employers.items()},
    )


def _settled(move: Move, from_customer: dict[tuple[str, int, int], bool]) -> Move:
    return replace(
        move, from_customer=from_customer[(move.person, move.new_contact, move.new_company)]
    )


def summary(town: Town) -> str:
    """The town in figures."""
    kinds = Counter(record.kind for record in town.records)
    truth = town.truth
    lines = [f"{count:7,} {kind}" for kind, count in sorted(kinds.items())]
    lines.append(f"{sum(len(record.values) for record in town.records):7,} values in history")
    lines.append(f"{len(town.links):7,} associations")
    lines.append(
        f"{len(truth.moves):7,} moves that show: {_shares(Counter(move.mode for move in truth.moves))}"
    )
    lines.append(f"{truth.silent_moves:7,} moves that do not")
    lines.append(
        f"{len(truth.non_moves):7,} non-moves: {_shares(Counter(pair.kind for pair in truth.non_moves))}"
    )
    lines.append(
        f"{len(truth.deals):7,} deals: {_shares(Counter(deal.tag for deal in truth.deals))}"
    )
    lines.append(
        f"        of those without a source: {_shares(Counter(deal.note for deal in truth.deals if deal.note))}"
    )
    for currency, minor in sorted(truth.second_order_total().items()):
        lines.append(f"{minor / 100:12,.2f} {currency} won second-order revenue")
    return "\n".join(lines)


def _shares(counts: Counter[str]) -> str:
    total = sum(counts.values()) or 1
    return ", ".join(
        f"{name} {count} ({count / total:.1%})" for name, count in counts.most_common()
    )


def main() -> None:
    """Print a town's figures, and keep its truth if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1 = 400 companies, 4,000 contacts, 1,500 deals"
    )
    parser.add_argument("--today", type=date.fromisoformat, default=LAST_DAY)
    parser.add_argument("--truth", type=Path, help="write the truth to this file")
    arguments = parser.parse_args()
    town = grow(arguments.seed, arguments.scale, arguments.today)
    if arguments.truth:
        truth_facts.write(town.truth, arguments.truth)
    print(summary(town))  # noqa: T201 -- this is a command


if __name__ == "__main__":
    main()
