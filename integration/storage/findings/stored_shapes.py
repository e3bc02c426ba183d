"""Findings to JSON and back; the row's columns supply what a stored body lacks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import orjson

from integration.storage.findings import removed_subjects
from mappings.kinds import MoveKind, Status, Timing
from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Entry, IdentityLink, Move, Reason, Referral, Source
from mappings.stored.shape_table import LINK, MOVE, REASON, REFERRAL, SOURCE, body_of
from mappings.stored.shapes import VERSION, Read

T = TypeVar("T")
Row = Mapping[str, Any]


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a finding as the JSON that the database gives back."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def differs(finding: object, stored: object) -> bool:
    """Whether a finding would be written otherwise now; the version alone is no difference."""
    return bool(_unversioned(plain(body_of(finding))) != _unversioned(stored))


def _unversioned(body: object) -> object:
    if not isinstance(body, Mapping):
        return body
    return {name: value for name, value in body.items() if name != VERSION}


def read_move(row: Row) -> Read[Move]:
    """Read a stored move; the row's columns supply what its body lacks."""
    instead = {
        **{name: row[name] for name in _MOVE_COLUMNS},
        "moved_at": row["latest"],
        "p_same": PPM,
        "p_moved": round(row["confidence"] * PPM),
        "confidence": round(row["confidence"] * PPM),
        "kind": MoveKind.DEPARTURE if row["new_company_id"] is None else MoveKind.MOVE,
    }
    move = _whole(MOVE.read(row["body"], instead))
    return replace(move, value=replace(move.value, status=_counting(row["status"])))


# What the column says of a move that a person confirmed; the rules know it as one that counts.
_CONFIRMED = "confirmed"
_MOVE_COLUMNS = (
    "person_id", "former_contact_id", "new_contact_id", "former_company_id", "new_company_id",
    "earliest", "latest", "status",
)  # fmt: skip


def move_of(row: Row) -> Move:
    """Return a stored move as far as it can be read; a confirmed one counts like a sure one."""
    return read_move(row).value


def confirmed_move(by: Decision) -> Move:
    """Return the move that was stored with an answer; the answer supplies what is missing."""
    former, new = by.contacts[0], by.contacts[-1]
    instead = {
        "person_id": new,
        "former_contact_id": former,
        "new_contact_id": new,
        "former_company_id": by.companies[0],
        "new_company_id": by.companies[-1],
        **dict.fromkeys(("earliest", "latest", "moved_at"), by.at),
        **dict.fromkeys(("p_same", "p_moved", "confidence"), PPM),
        "status": _CONFIRMED,
    }
    move = _whole(MOVE.read(by.detail.get("move"), instead)).value
    return replace(move, status=Status.AUTO)


def _counting(status: str) -> str:
    return Status.AUTO if status == _CONFIRMED else status


def read_referral(row: Row) -> Read[Referral]:
    """Read a stored referral; the row's columns supply what its body lacks."""
    instead = {
        "referrer_contact_id": row["referrer_contact_id"],
        "referrer_person_id": row["referrer_contact_id"],  # who that is today is looked up later
        "referrer_company_id": row["referrer_company_id"],
        "target": row["target"],
        "how": str(row["referral_key"]).partition("|")[0],
        "p": 0,
        "status": row["status"],
    }
    return _whole(REFERRAL.read(row["body"], instead))


def referral_of(row: Row) -> Referral:
    """Return a stored referral as far as it can be read."""
    return read_referral(row).value


def source_of(row: Row) -> Source:
    """Return a stored source of a deal; the row's columns supply what its body lacks."""
    kept = removed_source(row)
    is_known = row["contact_id"] is not None and kept.person_id is not None
    person = row["contact_id"] if is_known else kept.person_id
    instead = {
        **{field.name: getattr(kept, field.name) for field in fields(kept)},
        "contact_id": row["contact_id"],
        "person_id": person,
        "because": (JUDGED_BEFORE,),
    }
    return _whole(SOURCE.read(row["body"], instead)).value


JUDGED_BEFORE = Reason("judged_before", "counts as it was judged before")
"""Stands for reasons that cannot be read any more: none at all means that they were erased."""


def links_of(body: object) -> list[IdentityLink]:
    """Return why a contact belongs to its person, as far as it can be read."""
    readings = [LINK.read(part) for part in body] if isinstance(body, list) else []
    return [reading.value for reading in readings if reading is not None]


def reasons_of(body: object) -> list[Reason]:
    """Return stored reasons as far as they can be read."""
    readings = [REASON.read(part) for part in body] if isinstance(body, list) else []
    return [reading.value for reading in readings if reading is not None]


def contacts_named(reasons: Iterable[Reason]) -> list[int]:
    """Return the contacts on whose records reasons rest."""
    named = [text for reason in reasons for text in reason.evidence if text.startswith("contact:")]
    return [int(text.removeprefix("contact:")) for text in named]


def evidence_contacts(row: Row) -> set[int]:
    """Return the contacts on whose records a stored source rests."""
    return set() if is_removed(row["body"]) else set(contacts_named(source_of(row).because))


def lost_its_words(body: object) -> bool:
    """Whether a stored source outlived its evidence, because a contact in it was forgotten."""
    return is_removed(body) or (isinstance(body, Mapping) and body.get("because") == [])


def is_removed(body: object) -> bool:
    """Whether a stored source lost its words because its person was forgotten."""
    return isinstance(body, Mapping) and body.get("removed") is True


def _whole(reading: Read[T] | None) -> Read[T]:
    """Return what was read: columns supply every field without a default, so there is a value."""
    assert reading is not None  # noqa: S101 - the columns above are NOT NULL
    return reading


def removed_source(row: Row) -> Source:
    """Return a source whose person was forgotten: its place in the ledger alone."""
    p = round(row["confidence"] * PPM)
    # Its weight went with the words; that it has a share shows that it counted.
    raw = max(1, row["share"] * PPM // SHARE_ONE)
    return Source(
        row["kind"],
        0,
        p,
        0,
        raw,
        person_id=_person_in(row["source_key"]),
        company_id=row["company_id"],
        timing=Timing.NONE,
        at=row["at"],
    )


def weighed(row: Row) -> Source | None:
    """Return a stored source with its figures; None where they were erased with its person."""
    if not is_removed(row["body"]):
        return source_of(row)
    figures = {name: row["body"].get(name) for name in ("w", "p", "g", "raw")}
    if not all(type(figure) is int for figure in figures.values()):
        return None
    return replace(removed_source(row), **figures)


def _person_in(source_key: str) -> int | None:
    """Return the person in a source's key; None for the pool."""
    match = _PERSON.search(source_key)
    if match is None:
        return None
    number = int(match[2])
    return removed_subjects.person_id_of(number) if match[1] == "s" else number


_PERSON = re.compile(r"\|([sp])(\d{1,20})\|")


def entry_of(row: Row) -> Entry:
    """Return a stored ledger row in the rules' terms; its person is the opaque subject."""
    return Entry(
        deal_id=row["deal_id"],
        key=row["source_key"],
        kind=row["kind"],
        person_id=row["subject_id"],
        contact_id=None,
        company_id=row["company_id"],
        order=row["deal_order"] or 1,
        share=row["share"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        home_amount_minor=row["home_minor"],
        home_currency=row["home_currency"],
        rate=None if row["rate"] is None else str(row["rate"]),
        rate_at=row["rate_at"],
        effective_at=row["effective_at"],
        occasion=row["occasion"],
        settings_version=row["settings_version"],
        evidence=texts_of(row["evidence"]),
        reason=row["reason"],
        reverses=row["reverses"],
        id=row["entry_id"],
        origin_at=row["origin_at"],
        recorded_at=row["recorded_at"],
    )


def texts_of(body: object) -> tuple[str, ...]:
    """Return a stored list of texts, as a ledger row's evidence; it has no version."""
    return tuple(text for text in body if isinstance(text, str)) if isinstance(body, list) else ()
