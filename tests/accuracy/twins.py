"""Record linkage with known answers: 5,000 people and a corrupted copy of each, as contacts of one portal.

A CRM has no national number to compare, and our rules read names, addresses of mail and numbers of
phones only. So the app sees here what a list without mail and phone would give it: a name, and
nothing else that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

from tests.accuracy import people
from tests.accuracy.calibration import Halves
from tests.accuracy.ground import Ground
from tests.accuracy.halves import Half
from tests.accuracy.naive import folded
from tests.accuracy.plain_portal import conclude, record, rows
from tests.accuracy.reading import Pair, Reading
from tests.accuracy.tables import Grid
from tests.sandbox.town_rows import Record

TWINS = 4714
# HubSpot's own properties for what the list holds; the national number has none and stays out.
_FIELDS = {
    "firstname": "given_name", "lastname": "surname", "city": "suburb", "zip": "postcode", "state": "state",
    "date_of_birth": "date_of_birth",
}  # fmt: skip
ORIGINAL_DAYS, COPY_DAYS = 400, 100


def contacts(folder: Path) -> tuple[list[Record], dict[int, str]]:
    """Both lists as contacts, the copies later, and who each is."""
    today = datetime.now(UTC).date()
    made: list[Record] = []
    whose: dict[int, str] = {}
    for name, days in (("febrl4a", ORIGINAL_DAYS), ("febrl4b", COPY_DAYS)):
        for row in rows(folder / f"{name}.csv.gz"):
            number = 1_000_000 + len(made)
            values = {ours: row[theirs] for ours, theirs in _FIELDS.items()}
            street = " ".join(
                filter(None, (row["street_number"], row["address_1"], row["address_2"]))
            )
            made.append(
                record("contact", number, today - timedelta(days), {**values, "address": street})
            )
            whose[number] = "-".join(row["rec_id"].split("-")[:2])
    return made, whose


def run(ground: Ground, folder: Path) -> tuple[Grid, Halves]:
    """Load, conclude, score; and how sure the app was of who is who."""
    made, whose = contacts(folder)
    found = conclude(ground, TWINS, "Twins", made, (), {})
    return report(made, whose, found), people.confidences(whose, found.pairs)


def report(made: Sequence[Record], whose: dict[int, str], found: Reading) -> Grid:
    """Linked pairs, pairs for review, and what comparing whole names would give."""
    linked = people.pairs_of(found.persons)
    asked = {pair for pair, p in found.pairs.items() if p < 1} | linked
    claims = (
        ("ours, linked", linked),
        ("ours, linked or held for review", asked),
        ("naive: same folded name", _same_names(made)),
    )
    lines = []
    for name, pairs in claims:
        checking, fitting = (_score(pairs, whose, half) for half in reversed(Half))
        lines.append((name, *checking, *fitting[:2]))
    columns = (
        "list against its corrupted copy",
        "precision",
        "recall",
        "right of claimed",
        "found of true",
        "fitting P",
        "fitting R",
    )
    note = "Names, street, place and birthday are in the contacts; no mail address and no phone. Our rules read the names."
    return Grid("Linkage of two lists", columns, tuple(lines), (note,))


def _same_names(made: Sequence[Record]) -> set[Pair]:
    alike: dict[str, list[int]] = {}
    for one in made:
        now = one.current()
        if now.get("firstname") and now.get("lastname"):
            alike.setdefault(folded(f"{now['firstname']} {now['lastname']}"), []).append(one.id)
    return {pair for ids in alike.values() for pair in combinations(sorted(ids), 2)}


def _score(
    pairs: set[Pair], whose: dict[int, str], half: Half
) -> tuple[float | None, float | None, str, str]:
    """A pair belongs to the half of its lower record, which is the original where the pair is right."""
    claimed = [pair for pair in pairs if half.holds(whose[min(pair)])]
    true = sum(half.holds(person) for person in set(whose.values()))
    right = sum(whose[a] == whose[b] for a, b in claimed)
    return (
        right / len(claimed) if claimed else None, right / true if true else None,
        f"{right}/{len(claimed)}", f"{right}/{true}",
    )  # fmt: skip
