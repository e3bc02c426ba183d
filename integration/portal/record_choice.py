"""Record choice: which record a person means by a name, a number or the address of its page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from integration.core.errors import Refused
from integration.portal.record_names import name_in
from integration.storage.database import Transaction
from integration.storage.mirror import lookups, mirror, record_search
from mappings.kinds import ObjectType
from mappings.records.access import known_type
from mappings.rules.text.names import spoken

_MOST_CANDIDATES = 10
_LONGEST = 200
_LARGEST_ID = (1 << 63) - 1  # that the database can hold
_NUMBER = re.compile(r"[0-9]{1,19}")
_NAME_WITH_NUMBER = re.compile(r".*\(([0-9]{1,19})\)")
# A record's page in HubSpot, new and old, and here.
_ADDRESS = re.compile(
    r"https?://[^/\s]+/(?:contacts/(?P<account>[0-9]+)/(?:record/)?|portals/(?P<portal>[0-9]+)/)"
    r"(?P<type>[\w-]+)/(?P<id>[0-9]{1,19})(?:[/?#].*)?"
)
_FEATURES = {
    ObjectType.COMPANY: "name, domain",
    ObjectType.CONTACT: "name, e-mail address",
    ObjectType.DEAL: "name",
}
_PLURALS = {
    ObjectType.COMPANY: "companies",
    ObjectType.CONTACT: "contacts",
    ObjectType.DEAL: "deals",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be meant: its number, name, and what tells it from its namesakes."""

    record_id: int
    name: str
    note: str

    def __str__(self) -> str:
        return f"{self.name or self.note or 'without a name'} ({self.record_id})"


class Ambiguous(Refused):
    """Several records may be meant, or none is called exactly so: a person has to choose."""

    def __init__(self, object_type: ObjectType, text: str, candidates: Sequence[Candidate]) -> None:
        named = ", ".join(map(str, candidates))
        super().__init__(
            f"“{text}” may be several {_PLURALS[object_type]}: {named}. Choose one of them"
            if len(candidates) > 1
            else f"No {object_type} is called “{text}” exactly; {named} comes close. Choose it, or"
            " correct the name"
        )
        self.candidates = tuple(candidates)


def candidates(tx: Transaction, object_type: ObjectType, text: str) -> list[Candidate]:
    """Return records whose name has *text* in it, the closest first: what a picker offers.

    Raises Retryable where that takes long: whoever types goes on, and the form looks the name up.
    """
    wanted = cleaned(text)
    found = record_search.offers(tx, object_type, wanted, limit=_MOST_CANDIDATES) if wanted else []
    return [_candidate(row) for row in found]


def choose(tx: Transaction, object_type: ObjectType, text: str) -> int | None:
    """Return the living record that *text* means; None for no text.

    A record that was merged away means its survivor. Raises :class:`Ambiguous` where a person has
    to choose, and Refused with the reason where the text means no record of this type.
    """
    wanted = cleaned(text)
    if not wanted:
        return None
    if address := _ADDRESS.fullmatch(wanted):
        return _at_address(tx, object_type, address)
    if _NUMBER.fullmatch(wanted) and _is_known(tx, object_type, int(wanted)):
        return _living(tx, object_type, int(wanted))
    found = record_search.search(tx, object_type, wanted, limit=_MOST_CANDIDATES)
    exact = [row for row in found if row.is_exact]
    if len(exact) == 1:
        return exact[0].record_id
    if exact:
        raise Ambiguous(object_type, wanted, [_candidate(row) for row in exact])
    if offered := _NAME_WITH_NUMBER.fullmatch(wanted):  # as the picker writes it
        return _living(tx, object_type, int(offered[1]))
    if _NUMBER.fullmatch(wanted):
        return _living(tx, object_type, int(wanted))
    if found:
        raise Ambiguous(object_type, wanted, [_candidate(row) for row in found])
    raise Refused(
        f"No {object_type} here is called “{wanted}”. Write its {_FEATURES[object_type]} or record"
        " ID as in HubSpot"
    )


class PageAddress(NamedTuple):
    """The record whose page an address leads to, and the account that it is in."""

    portal_id: int
    object_type: ObjectType
    record_id: int


def in_address(text: str) -> PageAddress | None:
    """Return the record that the address of a page names, in HubSpot or here; None for others."""
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return None
    account = int(address["account"] or address["portal"])
    named = known_type(address["type"])
    for object_type in _PLURALS:
        if named == object_type:
            return PageAddress(account, object_type, int(address["id"]))
    return None


def is_number(text: str) -> bool:
    """Whether a text can be the number of a record."""
    return _NUMBER.fullmatch(text) is not None


def cleaned(text: str) -> str:
    """Return a person's text on one line, cut where no name is longer."""
    return " ".join(text.replace("\x00", "\ufffd").split())[:_LONGEST]


def _candidate(row: record_search.Found) -> Candidate:
    return Candidate(row.record_id, spoken(row.name), row.note[:_LONGEST])


def _at_address(tx: Transaction, object_type: ObjectType, address: re.Match[str]) -> int:
    account = address["account"] or address["portal"]
    if int(account) != tx.portal_id:
        raise Refused(f"That address is of account {account}, and this is account {tx.portal_id}")
    if known_type(address["type"]) != object_type:
        raise Refused(f"That address is not of a {object_type}: open the {object_type}'s page")
    return _living(tx, object_type, int(address["id"]))


def _today(
    tx: Transaction, object_type: ObjectType, record_id: int
) -> tuple[int, mirror.MirroredRecord | None]:
    """Return what a number means after all merges, and the record if there is, or was, one."""
    if not 0 < record_id <= _LARGEST_ID:
        return record_id, None
    current = mirror.resolve(tx, object_type, [record_id])[record_id]
    return current, mirror.load(tx, object_type, [current]).get(current)


def _is_known(tx: Transaction, object_type: ObjectType, record_id: int) -> bool:
    return _today(tx, object_type, record_id)[1] is not None


def _living(tx: Transaction, object_type: ObjectType, record_id: int) -> int:
    """Return the record that a number means today; refuse one that is nobody's, or deleted."""
    current, record = _today(tx, object_type, record_id)
    if record is None:
        raise Refused(_unknown(tx, object_type, record_id))
    if record.gone_at is not None:
        name = _name(tx, object_type, current)
        raise Refused(
            f"{object_type.label} {record_id}{f' ({name})' if name else ''} was deleted in HubSpot:"
            f" restore it there, or give another {object_type}"
        )
    return current


def _unknown(tx: Transaction, object_type: ObjectType, record_id: int) -> str:
    """Say that a number is no record's of this type, and whose it is instead, if anybody's."""
    sentence = f"There is no {object_type} {record_id} in this account"
    for other in _PLURALS:
        if other != object_type and _is_known(tx, other, record_id):
            name = _name(tx, other, record_id)
            return f"{sentence}; {record_id} is the {other}{f' {name}' if name else ''}"
    return sentence


def _name(tx: Transaction, object_type: ObjectType, record_id: int) -> str:
    contacts = {record_id} if object_type == ObjectType.CONTACT else set()
    companies = {record_id} if object_type == ObjectType.COMPANY else set()
    return next((name_in(row) for row in lookups.names(tx, contacts, companies)), "")
