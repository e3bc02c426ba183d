"""Of whoever shares only a weak key with a page's contacts the names are read first: the same people come out."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Database
from integration.storage.mirror import mirror
from mappings.rules.facts import ContactFacts
from mappings.rules.identity import linkage
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day

FIRSTS = (
    "Priya",
    "Pria",
    "Paul",
    "P",
    "Bob",
    "Robert",
    "Roberta",
    "Anna Maria",
    "Anna",
    "Ann",
    "Jo",
    "Joan",
    "",
)
LASTS = ("Nair", "Niar", "Rao", "Nair Rao", "Smith", "Smyth", "Smithson", "Lund", "")
TITLES = ("Head of Operations", "IT Manager", "Engineer", "Finance Director")
CROWD = 70  # more than a key may have


def a_town(count: int) -> list[mirror.MirroredRecord]:
    """Contacts with names that often resemble each other, and a switchboard's number that a crowd shares."""
    chance = random.Random(2027)
    return [_somebody(number, chance) for number in range(1, count + 1)]


def _somebody(number: int, chance: random.Random) -> mirror.MirroredRecord:
    first, last = chance.choice(FIRSTS), chance.choice(LASTS)
    local = chance.choice(
        (f"{first}.{last}", f"{first[:1]}{last}", first or "x", f"{last}{number}")
    )
    told = {
        "firstname": chance.choice((first, first, "")),
        "lastname": chance.choice((last, last, "")),
        "email": f"{local}@firm{chance.randint(1, 9)}.com".lower().replace(" ", ""),
        "jobtitle": chance.choice(TITLES),
        "mobilephone": "+442079460000" if number <= CROWD else "",
        "notes_last_contacted": chance.choice(("", day(chance.randint(10, 900)).isoformat())),
        "hs_linkedin_url": chance.choice(
            ("", "", "", f"linkedin.com/in/{first}-{last}-{number % 9}".replace(" ", ""))
        ),
    }
    return mirror.MirroredRecord("contact", number, told, {}, day(chance.randint(10, 900)), NOW)


def put(portal: MirrorPortal, records: list[mirror.MirroredRecord]) -> None:
    with portal.clock.database.portal(portal.portal_id) as tx:
        mirror.store(tx, records)
        invalidation.record(
            tx, Change.RECORD_CHANGED, records={("contact", one.record_id) for one in records}
        )


def told(portal: MirrorPortal) -> dict[str, list[dict[str, Any]]]:
    return {
        "persons": portal.rows(
            "SELECT contact_id, person_id, because FROM person ORDER BY contact_id"
        ),
        "moves": portal.rows(
            "SELECT person_id, move_key, status, confidence, body FROM move ORDER BY 1, 2"
        ),
        "reviews": portal.rows("SELECT kind, question, body FROM review ORDER BY 1, 2"),
    }


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many contacts each reading in full asked for."""
    sizes: list[int] = []
    plain: Callable[..., dict[int, ContactFacts]] = record_facts.contacts

    def contacts(step: Batch, ids: Any) -> dict[int, ContactFacts]:  # noqa: ANN401 - whatever is asked for
        sizes.append(len(ids))
        return plain(step, ids)

    monkeypatch.setattr(record_facts, "contacts", contacts)
    return sizes


def test_people_are_the_same_whether_names_are_read_first_or_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole import in small pages, and then changes one by one, with a portal that reads everybody beside it."""
    town, read = a_town(160), {}
    sizes = counted(monkeypatch)
    found = {}
    for portal_id, names_first in ((HARBOR, True), (ORCHARD, False)):
        portal = MirrorPortal(Clock(database), portal_id)
        portal.install()
        sizes.clear()
        with monkeypatch.context() as patch:
            if not names_first:
                patch.setattr(linkage, "needs_names", lambda _: False)
            put(portal, town)
            portal.settle(limit=20)
            at_first = told(portal)
            portal.imported()
            for one in range(5, 160, 30):
                portal.change(
                    "contact",
                    one,
                    firstname="Roberta",
                    lastname="Smyth",
                    email=f"r.smyth{one}@firm3.com",
                )
                portal.settle()
            found[portal_id], read[portal_id] = (at_first, told(portal)), sum(sizes)

    assert found[HARBOR] == found[ORCHARD]
    first, later = found[HARBOR]
    assert len({one["person_id"] for one in first["persons"]}) < 150
    assert first["reviews"]
    assert first != later
    assert read[HARBOR] < read[ORCHARD]


def test_of_a_namesake_by_initial_only_the_name_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = MirrorPortal(Clock(database), HARBOR)
    portal.install()
    names = ("Priya Nair", "Paul Nair", "Petra Nair", "Pia Nair")
    for number, name in enumerate(names, 1):
        first, _, last = name.partition(" ")
        portal.put("contact", number, firstname=first, lastname=last)
    portal.settle()
    portal.imported()
    sizes = counted(monkeypatch)

    portal.change("contact", 2, jobtitle="Engineer")
    portal.settle()

    assert max(sizes) < len(names)
