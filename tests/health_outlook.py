"""Health against what came after: the bands of today, and scores of a year ago by who went on buying.

python -m tests.health_outlook 4711 prints both for an account, in the environment of its service.
Who won no deal within the year counts as gone, where customers buy again at all: see
docs/rules.md. Scores of then are worked out as of that day, from the facts that are dated.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from commands.terminal import installed_portal
from integration.conclude.batch import Batch, open_batch
from integration.conclude.fields import company_health, company_page
from integration.storage.queue import page_context
from mappings.rules.success.health import Health

YEAR = timedelta(days=365)
BANDS = ("healthy", "watch", "at_risk", "unknown")
_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """A customer's health as of a day, and whether it won nothing in the year after."""

    health: Health
    is_gone: bool


def lines(portal_id: int) -> Iterator[str]:
    """What there is to say, a line each."""
    with installed_portal(portal_id) as portal:
        now = portal.runtime.now()
        with portal.transaction() as tx:
            opening = page_context.read(tx)
            today = _judged(open_batch(tx, opening, now), now)
            then = _judged(open_batch(tx, opening, now - YEAR), now - YEAR)
    yield f"Health of {len(today)} customers today: {_bands(today)}."
    yield f"A year ago, of {len(then)} customers then: {_bands(then)}."
    for title, is_gone in (("won nothing in the year after", True), ("the others", False)):
        scores = [one.health.score for one in then if one.is_gone is is_gone]
        known = [one.health.score for one in then if one.is_gone is is_gone and one.health.is_known]
        middle = f"{median(known):.1f}" if known else "none"
        yield f"  {title}: {len(scores)}, median score {middle} of {len(known)} known"


def _bands(judged: Sequence[Judged]) -> str:
    counts = Counter(one.health.band for one in judged)
    return ", ".join(f"{band.replace('_', ' ')} {counts[band]}" for band in BANDS)


def _judged(batch: Batch, at: datetime) -> list[Judged]:
    """The customers of a day, by what is known of that day and before."""
    rows = batch.tx.rows(
        """SELECT company_id, min(closed_at) AS since,
             coalesce(bool_or(closed_at > :at AND closed_at <= :until), false) AS won_after
           FROM deal WHERE portal_id = :portal AND is_won AND company_id IS NOT NULL
           GROUP BY company_id ORDER BY company_id""",
        at=at,
        until=at + YEAR,
    )
    went_on = {row["company_id"]: row["won_after"] for row in rows if row["since"] <= at}
    judged: list[Judged] = []
    ids = list(went_on)
    for start in range(0, len(ids), _AT_ONCE):
        page = company_page.load(batch, ids[start : start + _AT_ONCE])
        for company_id in page.customers & page.companies.keys() & went_on.keys():
            company = page.companies[company_id]
            moves = page.moves.get(company_id, ())
            account = company_health.account_of(batch, company, page.records, moves)
            found = company_health.health_of(batch, account)
            judged.append(Judged(found.health, not went_on[company_id]))
    return judged


if __name__ == "__main__":
    for line in lines(int(sys.argv[1])):
        print(line)  # noqa: T201 - that is what it is for
