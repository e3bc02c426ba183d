"""Deals by what their label means, worked out again for everybody on them.

The data's label looks at one mover a deal, the one it was arranged for. Others on the same deal may
fit the label's own definition as well: they left a company that is a customer, were on record at
the deal's company before it opened, and are on the deal. A claim about such a person is right,
whatever the label of the arranged one says.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

from tests.sandbox.town_rows import Town
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, DealTruth, Move, Source, Truth


def by_meaning(town: Town) -> Truth:
    """The town's truth with every deal judged by the definition; what nobody can judge stays so."""
    known = town.truth
    arrived: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for move in known.moves:
        arrived[move.person, move.new_company].append(move)
    opened = {one.id: one.created.date() for one in town.of("deal")}
    people: dict[int, list[str]] = defaultdict(list)
    for link in town.links:
        if (link.from_kind, link.to_kind) == ("deal", "contact") and link.to_id in known.people:
            people[link.from_id].append(known.people[link.to_id])
    return replace(
        known,
        deals=tuple(
            _judged(
                deal,
                [move for one in people[deal.deal] for move in arrived[one, deal.company]],
                opened[deal.deal],
            )
            for deal in known.deals
        ),
    )


def _judged(deal: DealTruth, moves: list[Move], opened: date) -> DealTruth:
    fitting = [
        one
        for one in moves
        if one.from_customer and one.observed is not None and one.observed <= opened
    ]
    if deal.note == NOT_SCORED or not fitting or deal.sources:
        return deal
    companies = dict.fromkeys(one.former_company for one in fitting)
    sources = tuple(Source(MOVED_CHAMPION, None, company) for company in companies)
    return replace(deal, sources=sources, person=fitting[0].person, note="")
