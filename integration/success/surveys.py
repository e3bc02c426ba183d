"""Our own survey: what a personal link leads to, and how an answer is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.core.errors import Refused
from integration.portal import invalidation, settings, survey_links
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.mirror import inbound_items, mirror, owner_rows
from integration.storage.queue import lanes
from integration.storage.service import portals
from integration.storage.success import approach_rows, do_not_ask_rows, survey_rows
from integration.storage.success.survey_rows import SurveySetup
from mappings.kinds import ObjectType
from mappings.records import identifiers
from mappings.records.owners import full_name
from mappings.rules.ledger.periods import Calendar
from mappings.rules.policy import Policy
from mappings.rules.success import nps, own_survey
from mappings.rules.success.contact_cap import Approach, ApproachKind
from mappings.rules.success.own_survey import Invitation, Turn

SOURCE = "survey:own"
LONGEST_COMMENT = 2_000
_WHO = "second-order"


class NoSurvey(Exception):
    """A link leads nowhere: made up, of a former key, of somebody who is gone or left alone."""


@dataclass(frozen=True, slots=True)
class SurveyView:
    """What the page of a link shows: who asks, and what its person may do until when."""

    asker: str
    turn: Turn
    until: datetime | None
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Thanks:
    """What somebody reads who has answered; `owner` will come back to a detractor."""

    asker: str
    group: str
    owner: str
    promoter_words: str
    promoter_link: str
    until: datetime
    calendar: Calendar


def open_link(runtime: Runtime, token: str, *, is_counted: bool = True) -> SurveyView:
    """Return what a link leads to, and count that it was opened. It never answers.

    Raises NoSurvey where nobody may answer by it.
    """
    portal_id = _portal_of(token)
    with runtime.database.portal(portal_id) as tx:
        person = _person(tx, token, runtime.now())
        if person.invitation is None and is_counted:
            _invite(tx, person)
        view = _view(tx, person)
    if person.invitation is None and is_counted:
        runtime.queue.wake(portal_id)
    return view


def answer(runtime: Runtime, token: str, score: int, comment: str) -> Thanks:
    """Keep an answer; a later one of the same invitation replaces it while it may be changed.

    Raises NoSurvey as :func:`open_link`, TooLate where it was answered for good.
    """
    portal_id = _portal_of(token)
    if not 0 <= score <= nps.TOP or len(comment) > LONGEST_COMMENT:
        raise Refused("An answer is a number from 0 to 10 and a comment; nothing was saved")
    with runtime.database.confirmed(portal_id) as tx:
        person = _person(tx, token, runtime.now())
        if person.turn is Turn.WAIT:
            raise TooLate(_view(tx, person))
        invited = person.invitation or _invite(tx, person)
        _keep(tx, person, invited, score, comment)
        thanks = _thanks(tx, person, invited, score)
    runtime.queue.wake(portal_id)
    return thanks


class TooLate(Exception):
    """The invitation was answered, and its answer may not be changed any more; `view` says when."""

    def __init__(self, view: SurveyView) -> None:
        super().__init__("answered already")
        self.view = view


@dataclass(frozen=True, slots=True)
class _Person:
    """Whom a link names now: the living contact, its invitation, and how the account asks."""

    contact_id: int
    properties: Any
    setup: SurveySetup
    policy: Policy
    invitation: Invitation | None
    number: int
    now: datetime

    @property
    def turn(self) -> Turn:
        return own_survey.turn(self.invitation, self.now, self.policy)


def _portal_of(token: str) -> int:
    portal_id = survey_links.portal_of(token)
    if portal_id is None or portal_id > identifiers.LARGEST:
        raise NoSurvey
    return portal_id


def _person(tx: Transaction, token: str, now: datetime) -> _Person:
    setup = survey_rows.setup(tx)
    account = portals.find(tx, tx.portal_id)
    if setup is None or not setup.is_on or account is None or account.state == "uninstalled":
        raise NoSurvey
    named = survey_links.contact_of(setup.link_key, token)
    if named is None:
        raise NoSurvey
    contact_id = mirror.resolve(tx, ObjectType.CONTACT, [named])[named]
    record = mirror.load(tx, ObjectType.CONTACT, [contact_id]).get(contact_id)
    if record is None or record.gone_why or do_not_ask_rows.in_force(tx, [contact_id]):
        raise NoSurvey
    policy = settings.read(tx).policy
    invitations = survey_rows.invitations(tx, contact_id)
    own = [invited.number for invited in invitations if invited.contact_id == contact_id]
    return _Person(
        contact_id,
        record.properties,
        setup,
        policy,
        own_survey.current(invitations, now, policy),
        number=max(own, default=0) + 1,
        now=now,
    )


def _invite(tx: Transaction, person: _Person) -> Invitation:
    """Note a new invitation; who got one rests from others."""
    invited = Invitation(person.contact_id, person.number, person.now)
    survey_rows.open_invitation(tx, invited)
    company_id = _company_of(tx, person)
    approach = Approach(
        person.contact_id, ApproachKind.SURVEY, person.now, _key(invited), company_id
    )
    approach_rows.note(tx, approach, by=_WHO)
    invalidation.record(tx, Change.PERSON_APPROACHED, contacts={person.contact_id})
    lanes.want(tx, tx.portal_id, "drain")
    return invited


def _key(invited: Invitation) -> str:
    return f"own:{invited.contact_id}:{invited.number}"


def _company_of(tx: Transaction, person: _Person) -> int | None:
    links = mirror.links_from(tx, ObjectType.CONTACT, [person.contact_id], ObjectType.COMPANY)
    primary = identifiers.read(person.properties.get("associatedcompanyid"))
    linked = sorted({link.to_id for link in links})
    return primary if primary in linked else next(iter(linked), None)


def _keep(tx: Transaction, person: _Person, invited: Invitation, score: int, comment: str) -> None:
    said = {
        "key": _key(invited),
        "contact_id": person.contact_id,
        "email": None,
        "score": score,
        "comment": comment.replace("\x00", "").strip(),
        "at": person.now.isoformat(),
    }
    inbound_items.keep_answer(tx, SOURCE, said)
    survey_rows.answered(tx, invited, person.now)
    invalidation.record(
        tx, Change.OUTSIDE_REPORTED, records=refs(ObjectType.CONTACT, {person.contact_id})
    )
    lanes.want(tx, tx.portal_id, "drain")


def _view(tx: Transaction, person: _Person) -> SurveyView:
    until = None
    answered_at = person.invitation.answered_at if person.invitation else None
    if answered_at is not None:
        until = own_survey.changeable_until(answered_at, person.policy)
    return SurveyView(_asker(tx, person), person.turn, until, period_rows.read(tx).calendar)


def _thanks(tx: Transaction, person: _Person, invited: Invitation, score: int) -> Thanks:
    first = invited.answered_at or person.now
    return Thanks(
        asker=_asker(tx, person),
        group=nps.group(score),
        owner=_owner(tx, person),
        promoter_words=person.setup.promoter_words,
        promoter_link=person.setup.promoter_link,
        until=own_survey.changeable_until(first, person.policy),
        calendar=period_rows.read(tx).calendar,
    )


def _asker(tx: Transaction, person: _Person) -> str:
    """Who asks: as an admin wrote it, else as HubSpot calls the account."""
    account = portals.find(tx, tx.portal_id)
    return person.setup.asker or str((account.account if account else {}).get("name") or "")


def _owner(tx: Transaction, person: _Person) -> str:
    """Who looks after the person: the contact's owner, else the company's; empty where nobody."""
    owner_id = identifiers.read(person.properties.get("hubspot_owner_id"))
    company_id = _company_of(tx, person)
    if owner_id is None and company_id is not None:
        company = mirror.load(tx, ObjectType.COMPANY, [company_id]).get(company_id)
        owner_id = identifiers.read(company.properties.get("hubspot_owner_id")) if company else None
    owner = owner_rows.one(tx, owner_id) if owner_id else None
    if owner is None or owner.is_archived:
        return ""
    return full_name(owner.first_name, owner.last_name)
