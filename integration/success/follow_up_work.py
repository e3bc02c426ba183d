"""Follow-ups as people work on them: closing with a reason, opening again, handing over."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integration.core.errors import RecordGone, Refused
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.mirror import mirror, owner_rows
from integration.storage.service import portals
from integration.storage.success import follow_up_rows
from integration.storage.success.follow_up_rows import OwnTag
from mappings.records.owners import Owner
from mappings.rules.success.follow_ups import SAME_PERSON, TAGS, TASK_DONE
from mappings.rules.text.names import spoken

LONGEST_WORDS, LONGEST_TAG, MOST_TAGS = 500, 60, 50
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Hand:
    """Who works on follow-ups: everybody's, or only those of their own."""

    actor: str
    user_id: int
    may_all: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A follow-up as a record's page shows it."""

    number: int
    kind: str
    contact_id: int | None
    score: int | None
    later_score: int | None
    steps: int | None
    due_on: date
    is_overdue: bool
    is_withdrawn: bool
    owner: str
    closed_at: datetime | None
    tag: str
    words: str


def close(portal: PortalContext, number: int, tag: str, words: str, *, hand: Hand) -> None:
    """Close a follow-up with a reason.

    Closing it again with the same reason changes nothing. Raises Refused for a reason that is not
    offered, and where somebody else closed it meanwhile; RecordGone for one that never was.
    """
    with portal.confirmed() as tx:
        row = _of(tx, number, hand)
        if tag not in offered(tx):
            raise Refused("Choose one of the reasons; nothing was closed")
        if row["closed_at"] is not None:
            _check_same(row, tag)
            return
        now = portal.runtime.now()
        said = spoken(words)[:LONGEST_WORDS]
        follow_up_rows.close(tx, number, at=now, by=hand.actor, tag=tag, words=said)
        portals.note(tx, hand.actor, "closed a follow-up", follow_up=number, tag=tag)


def _check_same(row: Row, tag: str) -> None:
    if row["tag"] != tag:
        raise Refused(
            f"Follow-up {row['follow_up_id']} was closed meanwhile; open it again to close it"
            " otherwise"
        )


def reopen(portal: PortalContext, number: int, *, hand: Hand) -> None:
    """Open a closed follow-up again; its day stays. A person has one that is open at a time."""
    with portal.confirmed() as tx:
        row = _of(tx, number, hand)
        if row["closed_at"] is None:
            return
        contact_id = row["contact_id"]
        if contact_id and follow_up_rows.is_open_for_person(tx, contact_id, but=number):
            raise Refused(
                "A newer answer of this person opened another follow-up, which is open: work on"
                " that one"
            )
        follow_up_rows.reopen(tx, number)
        portals.note(
            tx, hand.actor, "opened a follow-up again", follow_up=number, tag_before=row["tag"]
        )


def hand_over(portal: PortalContext, number: int, owner_id: int | None, *, hand: Hand) -> None:
    """Give a follow-up to another owner of the account, or to nobody."""
    with portal.confirmed() as tx:
        _of(tx, number, hand)
        owner = owner_rows.one(tx, owner_id) if owner_id else None
        if owner_id and (owner is None or owner.is_archived):
            raise Refused("Choose one of the account's owners; nothing was changed")
        follow_up_rows.reassign(tx, number, owner_id)
        portals.note(tx, hand.actor, "handed a follow-up over", follow_up=number, owner=owner_id)


def _of(tx: Transaction, number: int, hand: Hand) -> Row:
    row = follow_up_rows.find(tx, number)
    if row is None:
        raise RecordGone(f"There is no follow-up {number}")
    if not hand.may_all and row["owner_id"] not in own_ids(tx, hand.user_id):
        raise NotTheirs
    return row


class NotTheirs(Exception):
    """Whoever works on their own follow-ups only wanted to change somebody else's."""


def own_ids(tx: Transaction, user_id: int) -> list[int]:
    """Return the owners that are this user."""
    return [owner.owner_id for owner in owner_rows.of_user(tx, user_id) if not owner.is_archived]


# Reasons


def offered(tx: Transaction) -> Mapping[str, str]:
    """Return the reasons that one can be closed with now, with their labels."""
    own = {tag.label: tag.label for tag in follow_up_rows.own_tags(tx) if not tag.is_retired}
    return {**TAGS, **own}


def own_tags(portal: PortalContext) -> Sequence[OwnTag]:
    """Return the reasons that admins added and that are offered."""
    with portal.transaction() as tx:
        return [tag for tag in follow_up_rows.own_tags(tx) if not tag.is_retired]


def add_tag(portal: PortalContext, label: str, *, actor: str) -> None:
    """Offer another reason. Raises Refused for an empty or known one, and for too many."""
    name = spoken(label)[:LONGEST_TAG]
    with portal.confirmed() as tx:
        known = offered(tx)
        names = {text.casefold() for pair in known.items() for text in pair}
        names |= {SAME_PERSON, TASK_DONE}
        if not name or name.casefold() in names:
            raise Refused("A reason needs a name that no other has; nothing was added")
        if len(known) - len(TAGS) >= MOST_TAGS:
            raise Refused(f"There are {MOST_TAGS} reasons of your own: take one away first")
        follow_up_rows.add_tag(tx, name)
        portals.note(tx, actor, "added a reason for closing follow-ups", tag=name)


def retire_tag(portal: PortalContext, tag_id: int, *, actor: str) -> None:
    """Offer a reason no more; what was closed with it keeps it."""
    with portal.confirmed() as tx:
        follow_up_rows.retire_tag(tx, tag_id)
        portals.note(tx, actor, "took away a reason for closing follow-ups", tag=tag_id)


# On records' pages


def of_record(
    tx: Transaction, object_type: str, record_ids: Collection[int], now: datetime
) -> Sequence[Line]:
    """Return the follow-ups of a person's contacts or of a company, open ones first."""
    former = mirror.former_ids(tx, object_type, record_ids)
    everything = {*record_ids}.union(*former.values())
    rows = follow_up_rows.of_record(tx, object_type, everything, limit=SHOWN)
    owners = owner_rows.every(tx) if rows else {}
    return [_line(row, now, _name_of(owners, row["owner_id"])) for row in rows]


def _name_of(owners: Mapping[int, Owner], owner_id: int | None) -> str:
    owner = owners.get(owner_id or 0)
    return owner.name if owner else ""


def _line(row: Row, now: datetime, owner: str) -> Line:
    return Line(
        row["follow_up_id"],
        row["kind"],
        row["contact_id"],
        row["score"],
        row["later_score"],
        row["gap"],
        row["due_on"],
        is_overdue=row["closed_at"] is None and row["due_at"] <= now,
        is_withdrawn=row["is_withdrawn"],
        owner=owner,
        closed_at=row["closed_at"],
        tag=row["tag"] or "",
        words=row["words"],
    )
