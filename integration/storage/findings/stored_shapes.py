"""Findings to JSON and back: what a stored body does not tell, its row's columns do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import orjson

from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Entry, IdentityLink, Move, Reason, Referral, Source
from mappings.stored.shape_table import LINK, MOVE, REASON, REFERRAL, SOURCE, body_of
from mappings.stored.shapes import VERSION, Read

T = TypeVar("T")
Row = Mapping[str, Any]


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A finding as the JSON that the database gives back."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def differs(finding: object, stored: object) -> bool:
    """Whether a finding would be written otherwise now; the version alone is no difference."""
    return bool(_unversioned(plain(body_of(finding))) != _unversioned(stored))


def _unversioned(body: object) -> object:
    if not isinstance(body, Mapping):
        return body
    return {name: value for name, value in body.items() if name != VERSION}


def read_move(row: Row) -> Read[Move]:
    """A stored move; what its body does not tell is taken from the row's columns."""
    instead = {
        **{name: row[name] for name in _MOVE_COLUMNS},
        "moved_at": row["latest"],
        "p_same": PPM,
        "p_moved": round(row["confidence"] * PPM),
        "confidence": round(row["confidence"] * PPM),
        "kind": "departure" if row["new_company_id"] is None else "move",
    }
    found = _whole(MOVE.read(row["body"], instead))
    return replace(found, value=replace(found.value, status=_counting(row["status"])))


_MOVE_COLUMNS = (
    "person_id", "former_contact_id", "new_contact_id", "former_company_id", "new_company_id",
    "earliest", "latest", "status",
)  # fmt: skip


def move_of(row: Row) -> Move:
    """A stored move as far as it can be read; what a person confirmed counts like what is sure."""
    return read_move(row).value


def confirmed_move(by: Decision) -> Move:
    """The move that was kept with an answer; what cannot be read of it is as the answer says."""
    former, new = by.contacts[0], by.contacts[-1]
    instead = {
        "person_id": new,
        "former_contact_id": former,
        "new_contact_id": new,
        "former_company_id": by.companies[0],
        "new_company_id": by.companies[-1],
        **dict.fromkeys(("earliest", "latest", "moved_at"), by.at),
        **dict.fromkeys(("p_same", "p_moved", "confidence"), PPM),
        "status": "confirmed",
    }
    found = _whole(MOVE.read(by.detail.get("move"), instead)).value
    return replace(found, status="auto")


def _counting(status: str) -> str:
    return "auto" if status == "confirmed" else status


def read_referral(row: Row) -> Read[Referral]:
    """A stored referral; what its body does not tell is taken from the row's columns."""
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
    """A stored referral as far as it can be read."""
    return read_referral(row).value


def source_of(row: Row) -> Source:
    """A stored source of a deal; what its body does not tell is taken from the row's columns."""
    kept = removed_source(row)
    is_known = row["contact_id"] is not None and kept.person_id is not None
    person = row["contact_id"] if is_known else kept.person_id
    instead = {
        **{one.name: getattr(kept, one.name) for one in fields(kept)},
        "contact_id": row["contact_id"],
        "person_id": person,
        "because": (JUDGED_BEFORE,),
    }
    return _whole(SOURCE.read(row["body"], instead)).value


JUDGED_BEFORE = Reason("judged_before", "counts as it was judged before")
"""Stands for reasons that cannot be read any more: none at all means that they were erased."""


def links_of(body: object) -> list[IdentityLink]:
    """Why a contact belongs to its person, as far as it can be read."""
    found = [LINK.read(one) for one in body] if isinstance(body, list) else []
    return [one.value for one in found if one is not None]


def reasons_of(body: object) -> list[Reason]:
    """Stored reasons, as far as they can be read."""
    found = [REASON.read(one) for one in body] if isinstance(body, list) else []
    return [one.value for one in found if one is not None]


def contacts_named(reasons: Iterable[Reason]) -> list[int]:
    """The contacts whose records reasons rest on."""
    named = [one for reason in reasons for one in reason.evidence if one.startswith("contact:")]
    return [int(one.removeprefix("contact:")) for one in named]


def evidence_contacts(row: Row) -> set[int]:
    """The contacts whose records say what a stored source rests on."""
    return set() if is_removed(row["body"]) else set(contacts_named(source_of(row).because))


def lost_its_words(body: object) -> bool:
    """Whether a stored source outlived its evidence, because somebody it rests on was forgotten."""
    return is_removed(body) or (isinstance(body, Mapping) and body.get("because") == [])


def is_removed(body: object) -> bool:
    """Whether a stored source lost its words because its person was forgotten."""
    return isinstance(body, Mapping) and body.get("removed") is True


def _whole(found: Read[T] | None) -> Read[T]:
    """What was read: the columns stand for every field without a default, so there is something."""
    assert found is not None  # noqa: S101 - the columns above are NOT NULL
    return found


def removed_source(row: Row) -> Source:
    """A source whose person was forgotten: its place in the ledger, by the opaque number, and nothing else."""
    p = round(row["confidence"] * PPM)
    raw = max(
        1, row["share"] * PPM // SHARE_ONE
    )  # its weight went with the words; its share says that it counted
    person = _opaque(row["source_key"])
    return Source(
        row["kind"], 0, p, 0, raw, person_id=person, company_id=row["company_id"], at=row["at"]
    )


def _opaque(source_key: str) -> int | None:
    """The person in a source's name: an opaque number as a negative id; None for the pool."""
    match = _PERSON.search(source_key)
    if match is None:
        return None
    return -int(match[2]) if match[1] == "s" else int(match[2])


_PERSON = re.compile(r"\|([sp])(\d{1,20})\|")


def entry_of(row: Row) -> Entry:
    """A stored ledger row in the rules' terms; whom it credits stays the opaque number it is."""
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
    """A stored list of texts, as a ledger row's evidence: without fields it needs no version."""
    return tuple(one for one in body if isinstance(one, str)) if isinstance(body, list) else ()
