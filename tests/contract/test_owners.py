"""Owners: the names and teams of the users whom records belong to, also of those who left."""

from collections.abc import Mapping

from integration.admin import detection
from integration.portal.context import open_portal
from integration.storage.mirror import owner_rows
from mappings.records import owners
from mappings.records.owners import Owner, Team
from tests.contract.visiting import HARBOR, ORCHARD, Town


def kept(town: Town, portal_id: int = HARBOR) -> Mapping[int, Owner]:
    with town.runtime.database.portal(portal_id) as tx:
        return owner_rows.every(tx)


def look(town: Town, portal_id: int = HARBOR) -> None:
    """The nightly look for what things are called."""
    with open_portal(town.runtime, portal_id) as portal:
        detection.look(portal)


def test_an_install_reads_owners_with_teams_and_those_who_left(town: Town) -> None:
    town.harbor.add_owner("olga@harbor.example", "Olga", "Owner", teams=("North", "Key accounts"))
    town.harbor.add_owner("left@harbor.example", "Lena", "Left", owner_id=7).archived = True
    town.orchard.add_owner("per@orchard.example", "Per", "Pear", owner_id=7)

    town.visitor().install()
    town.visitor().install(ORCHARD)

    olga, lena = kept(town)[70_001], kept(town)[7]
    assert (olga.name, olga.email, olga.user_id) == ("Olga Owner", "olga@harbor.example", 1_070_001)
    assert [team.name for team in olga.teams] == ["North", "Key accounts"]
    assert olga.team is not None
    assert olga.team.name == "North"
    assert (lena.name, lena.is_archived, lena.user_id) == ("Lena Left", True, 1_000_007)
    assert [owner.name for owner in kept(town, ORCHARD).values()] == ["Per Pear"]


def test_two_owners_of_one_team_have_one_team(town: Town) -> None:
    town.harbor.add_owner("a@harbor.example", teams=("North",))
    town.harbor.add_owner("b@harbor.example", teams=("South", "North"))

    town.visitor().install()

    first, second = kept(town).values()
    assert first.team == second.teams[1]
    assert first.team != second.team


def test_somebody_who_left_keeps_their_name_and_a_new_name_is_read_at_night(town: Town) -> None:
    town.harbor.add_owner("a@harbor.example", "Ana", "Alt", owner_id=1)
    town.harbor.add_owner("b@harbor.example", "Bo", "Berg", owner_id=2)
    town.visitor().install()
    town.harbor.owners.pop(1)
    town.harbor.owners[2].last_name = "Bergström"

    look(town)

    assert [(owner.name, owner.is_archived) for owner in kept(town).values()] == [
        ("Ana Alt", True), ("Bo Bergström", False),
    ]  # fmt: skip


def test_an_answer_without_owners_or_a_refusal_takes_nobody_for_gone(town: Town) -> None:
    town.harbor.add_owner("a@harbor.example", "Ana", "Alt")
    town.visitor().install()
    before = kept(town)
    owners_then, town.harbor.owners = town.harbor.owners, {}
    look(town)
    town.harbor.owners = owners_then
    town.hubspot.trouble.add("403", "GET /crm/owners/*", portal_id=HARBOR)
    look(town)

    assert kept(town) == before


def test_an_owner_is_called_by_name_or_address_or_number() -> None:
    assert Owner(1, first_name=" Ana ", last_name="").name == "Ana"
    assert Owner(1, email="a@x.example").name == "a@x.example"
    assert Owner(1).name == "Owner 1"


def test_odd_answers_are_read_without_a_guess() -> None:
    assert owners.read({"id": "x"}) is None
    told = {"id": "5", "userIdIncludingInactive": 9, "email": None, "firstName": 3, "archived": True,
            "teams": [{"id": "2", "name": "B"}, {"id": "1", "name": "A", "primary": True}, None, {}]}  # fmt: skip
    assert owners.read(told) == Owner(
        5, 9, first_name="3", teams=(Team("1", "A"), Team("2", "B")), is_archived=True
    )
