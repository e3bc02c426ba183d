"""What conclude makes of one mobile number that two records write in two ways."""

from dataclasses import replace

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, Clock, MirrorPortal

BRITISH = replace(WORDS, home_country="GB")


@pytest.fixture
def clock(database: Database) -> Clock:
    return Clock(database)


def a_portal(clock: Clock, portal_id: int, mobiles: tuple[str, str]) -> MirrorPortal:
    """Two records that only a number can join: one job, one given name, another surname."""
    portal = MirrorPortal(clock, portal_id)
    portal.install()
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    who = {"firstname": "Priya", "jobtitle": "Head of Purchasing"}
    portal.contact(12, 1, lastname="Raman", mobilephone=mobiles[0], **who)
    portal.contact(33, 2, lastname="Nair", mobilephone=mobiles[1], **who)
    portal.settle()
    return portal


def persons(portal: MirrorPortal) -> dict[int, int]:
    rows = portal.rows("SELECT contact_id, person_id FROM person")
    return {row["contact_id"]: row["person_id"] for row in rows}


def test_a_bracketed_trunk_zero_does_not_make_two_people_of_one(clock: Clock) -> None:
    harbor = a_portal(clock, HARBOR, ("+44 (0)7700 900333", "0044 7700 900333 ext. 2"))
    orchard = a_portal(clock, ORCHARD, ("+44 (0)7700 900333", "+44 7700 900334"))

    assert persons(harbor) == {12: 12, 33: 12}
    assert persons(orchard) == {12: 12, 33: 33}


def test_national_numbers_join_people_from_when_the_country_is_set(clock: Clock) -> None:
    harbor = a_portal(clock, HARBOR, ("07700 900333", "+44 7700 900333"))
    orchard = a_portal(clock, ORCHARD, ("07700 900333", "+44 7700 900333"))
    assert persons(harbor) == {12: 12, 33: 33}

    harbor.install(BRITISH)
    with clock.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    harbor.settle()

    assert persons(harbor) == {12: 12, 33: 12}
    assert persons(orchard) == {12: 12, 33: 33}
