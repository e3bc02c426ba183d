"""The referral program: switched on and off, where its links lead, who has a code, and whose ended.

A link is `/r/` and a code. Switching the program off keeps codes and what came by them; their links
then lead nowhere.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from integration.admin import provisioning
from integration.core.errors import Refused
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.findings import person_rows
from integration.storage.mirror import mirror
from integration.storage.program import code_rows, program_row
from integration.storage.program.program_row import Program
from integration.storage.queue import lanes
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.rules.referrals import personal_links

MOST_TARGETS = 20
CHAMPIONS = ("champion", "moved_champion")
"""The roles whose people get a code when an admin wants one for all champions."""
_AT_ONCE = 500
_AT_A_CLICK = 5_000
"""More people than that get their codes in the night: nobody waits for a page so long."""
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class ProgramWish:
    """What an admin wants the program to be."""

    is_on: bool
    targets: Sequence[str]
    campaign: str
    parameter: str
    gives_champions: bool


def change(portal: PortalContext, wish: ProgramWish, *, actor: str) -> Program:
    """Switch the program on or off, or let links lead elsewhere.

    Raises :class:`Refused` with the first thing that is wrong; nothing is changed then. Before it
    is on, its property is made in HubSpot, so that there is something to write to.
    """
    _check(wish)
    if wish.is_on:
        provisioning.provision_program(portal)
    with portal.confirmed() as tx:
        before = program_row.read(tx)
        after = replace(
            before,
            is_on=wish.is_on,
            targets=tuple(dict.fromkeys(wish.targets)),
            campaign=wish.campaign.strip(),
            parameter=wish.parameter.strip(),
            gives_champions=wish.gives_champions,
            link_base=_link_base(portal.runtime),
            board_code=before.board_code if wish.is_on else None,
        )
        program_row.save(tx, after, by=actor)
        portals.note(tx, actor, _deed(before, after), targets=len(after.targets))
        _links_changed(tx, before, after)
    if after.is_on and after.gives_champions:
        give_champions(portal, most=_AT_A_CLICK)
    portal.runtime.queue.wake(portal.portal_id)
    return after


def _check(wish: ProgramWish) -> None:
    troubles = [personal_links.target_trouble(target) for target in wish.targets]
    if wish.is_on and not wish.targets:
        troubles.append("Give at least one address of your own site: links lead there")
    if len(wish.targets) > MOST_TARGETS:
        troubles.append(f"These are more than {MOST_TARGETS} addresses: leave the others out")
    if not wish.campaign.strip() or len(wish.campaign) > personal_links.LONGEST_CAMPAIGN:
        most = personal_links.LONGEST_CAMPAIGN
        troubles.append(f"Name the campaign with 1 to {most} characters: analytics show it")
    troubles.append(personal_links.parameter_trouble(wish.parameter.strip()))
    first = next(filter(None, troubles), None)
    if first:
        raise Refused(first)


def _deed(before: Program, after: Program) -> str:
    if before.is_on == after.is_on:
        return "changed the referral program"
    return (
        "switched the referral program on" if after.is_on else "switched the referral program off"
    )


def _link_base(runtime: Runtime) -> str:
    return f"{runtime.settings.public_url}/r/"


def _links_changed(tx: Transaction, before: Program, after: Program) -> None:
    """Have the links in HubSpot come, go or read otherwise."""
    if (before.is_on, before.link_base) != (after.is_on, after.link_base):
        invalidation.record(tx, Change.PROGRAM_CHANGED, contacts=code_rows.owners(tx))
        lanes.want(tx, tx.portal_id, "drain")


def follow_address(tx: Transaction, runtime: Runtime) -> None:
    """Let links begin with the address that this service has now: for each night."""
    before = program_row.read(tx)
    after = replace(before, link_base=_link_base(runtime))
    if before.is_on and before.link_base != after.link_base:
        program_row.save(tx, after, by="second-order")
        _links_changed(tx, before, after)


# Codes


def give(
    portal: PortalContext, contact_ids: Collection[int], *, target: str = "", actor: str
) -> dict[int, str]:
    """Give each of these people a code; return it by contact, also for those who have one.

    Raises :class:`Refused` while the program is off, for an address that is not in its list, and
    for nobody known.
    """
    with portal.confirmed() as tx:
        program = program_row.read(tx)
        if not program.is_on:
            raise Refused("The referral program is off: switch it on before anybody gets a link")
        if target and target not in program.targets:
            raise Refused("That address is not in the program's list: choose one that is")
        known = mirror.load(tx, ObjectType.CONTACT, contact_ids)
        living = [contact_id for contact_id, record in known.items() if record.gone_at is None]
        if not living:
            raise Refused("No contact of this account was chosen: look for the person again")
        codes = _give(tx, living, target=target, by=actor)
    portal.runtime.queue.wake(portal.portal_id)
    return codes


def _give(
    tx: Transaction, contact_ids: Collection[int], *, by: str, target: str = ""
) -> dict[int, str]:
    """One code a person: whose other record has one gets no second."""
    there = _codes_of(tx, contact_ids)
    person_of, _ = person_rows.groups(tx, contact_ids)
    fresh: dict[int, str] = {}
    given: set[int] = set()
    for contact_id in sorted(set(contact_ids) - there.keys()):
        person = person_of.get(contact_id, contact_id)
        if person not in given:
            given.add(person)
            fresh[contact_id] = personal_links.make_code(tx.portal_id, secrets.choice)
    if fresh:
        code_rows.add(tx, fresh, target=target, by=by)
        portals.note(tx, by, "gave out referral links", contacts=len(fresh))
        _codes_changed(tx, fresh)
    return there | fresh


def _codes_of(tx: Transaction, contact_ids: Collection[int]) -> dict[int, str]:
    """The living code of each person, by the contacts that were asked for."""
    person_of, _ = person_rows.groups(tx, contact_ids)
    everybody = {*contact_ids, *person_of}
    by_person: dict[int, str] = {}
    for row in code_rows.alive(code_rows.of_contacts(tx, everybody)):
        by_person[person_of.get(row.contact_id, row.contact_id)] = row.code
    persons = {contact_id: person_of.get(contact_id, contact_id) for contact_id in contact_ids}
    return {
        contact_id: by_person[person]
        for contact_id, person in persons.items()
        if person in by_person
    }


def give_champions(portal: PortalContext, *, most: int | None = None) -> int:
    """Give a code to champions who never had one, if the program does so; return how many."""
    count = 0
    while most is None or count < most:
        with portal.confirmed() as tx:
            program = program_row.read(tx)
            if not (program.is_on and program.gives_champions):
                return count
            found = code_rows.without_code(tx, CHAMPIONS, limit=_AT_ONCE)
            _give(tx, found, by="second-order")
        count += len(found)
        if len(found) < _AT_ONCE:
            return count
    return count


def revoke(portal: PortalContext, code: str, *, actor: str) -> None:
    """End a link; what came by it before stays. Raises :class:`Refused` for none that leads on."""
    with portal.confirmed() as tx:
        owner = code_rows.revoke(tx, code, by=actor)
        if owner is None:
            raise Refused("This link was ended already, or never was: load the page again")
        portals.note(tx, actor, "ended a referral link", contact=owner)
        _codes_changed(tx, [owner])
    portal.runtime.queue.wake(portal.portal_id)


def _codes_changed(tx: Transaction, contact_ids: Collection[int]) -> None:
    records = {(ObjectType.CONTACT.value, contact_id) for contact_id in contact_ids}
    invalidation.record(tx, Change.CODE_CHANGED, records=records)
    lanes.want(tx, tx.portal_id, "drain")


# The public leaderboard


def publish_board(portal: PortalContext, *, is_public: bool, actor: str) -> None:
    """Make the leaderboard public under an address of its own, or end that address.

    Raises :class:`Refused` while the program is off.
    """
    with portal.confirmed() as tx:
        before = program_row.read(tx)
        if is_public and not before.is_on:
            raise Refused("The referral program is off: switch it on first")
        fresh = personal_links.make_code(tx.portal_id, secrets.choice) if is_public else None
        program_row.save(tx, replace(before, board_code=fresh), by=actor)
        deed = "made the leaderboard public" if is_public else "ended the public leaderboard"
        portals.note(tx, actor, deed)


def name_in_public(portal: PortalContext, code: str, name: str, *, actor: str) -> None:
    """Say what a person agreed to be called on the public leaderboard; empty for the usual form.

    Raises :class:`Refused` for a name that is too long, and for no such code.
    """
    shown = " ".join(name.split())
    if len(shown) > _LONGEST_NAME:
        raise Refused(f"That name is longer than {_LONGEST_NAME} characters: shorten it")
    with portal.confirmed() as tx:
        if not code_rows.name_in_public(tx, code, shown or None):
            raise Refused("There is no such link any more: load the page again")
        portals.note(tx, actor, "chose a name for the public leaderboard")
