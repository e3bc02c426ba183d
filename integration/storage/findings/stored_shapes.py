"""Findings to JSON and back, for the rows that keep them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from mappings.rules.facts import PPM
from mappings.rules.findings import (
    SHARE_ONE,
    Arrival,
    Entry,
    Move,
    Reason,
    Referral,
    Signal,
    Source,
)


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """A finding as the JSON that the database gives back."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def move_from(body: Mapping[str, Any], status: str) -> Move:
    """A stored move; what a person confirmed counts like what is sure."""
    values = dict(body)
    values.update(
        earliest=_at(body["earliest"]),
        latest=_at(body["latest"]),
        moved_at=_at(body["moved_at"]),
        signals=tuple(
            Signal(
                one["kind"], one["r"], _maybe(one["at"]), one["cause"], reason_from(one["reason"])
            )
            for one in body["signals"]
        ),
        reasons=tuple(reason_from(one) for one in body["reasons"]),
        status="auto" if status == "confirmed" else status,
    )
    return Move(**values)


def reason_from(body: Mapping[str, Any]) -> Reason:
    """A stored reason."""
    return Reason(
        body["code"], body["text"], _maybe(body["at"]), tuple(body["evidence"]), body["strength"]
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def referral_from(body: Mapping[str, Any]) -> Referral:
    """A stored referral."""
    values = {
        **body,
        "at": _maybe(body["at"]),
        "reasons": tuple(reason_from(one) for one in body["reasons"]),
    }
    if came := body.get("arrival"):
        values["arrival"] = Arrival(_at(came["at"]), came["from_customer"], came["expansion"])
    return Referral(**values)


def source_from(body: Mapping[str, Any]) -> Source:
    """A stored source of a deal."""
    return Source(
        **{
            **body,
            "at": _maybe(body["at"]),
            "because": tuple(reason_from(one) for one in body["because"]),
        }
    )


def evidence_contacts(body: Mapping[str, Any]) -> set[int]:
    """The contacts whose records say what a stored source rests on."""
    named = (one for reason in body.get("because", ()) for one in reason["evidence"])
    return {int(one.removeprefix("contact:")) for one in named if one.startswith("contact:")}


def lost_its_words(body: Mapping[str, Any]) -> bool:
    """Whether a stored source outlived its evidence, because somebody it rests on was forgotten."""
    return is_removed(body) or not body["because"]


def is_removed(body: Mapping[str, Any]) -> bool:
    """Whether a stored source lost its words because its person was forgotten."""
    return "kind" not in body


def removed_source(row: Mapping[str, Any]) -> Source:
    """A source whose person was forgotten: its place in the ledger, by the opaque number, and nothing else."""
    who = str(row["source_key"]).split("|")[1]
    person = None if who == "pool" else -int(who.removeprefix("s"))
    p = round(row["confidence"] * PPM)
    raw = max(
        1, row["share"] * PPM // SHARE_ONE
    )  # its weight went with the words; its share says that it counted
    return Source(
        row["kind"], 0, p, 0, raw, person_id=person, company_id=row["company_id"], at=row["at"]
    )


def entry_of(row: Mapping[str, Any]) -> Entry:
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
        evidence=tuple(row["evidence"]),
        reason=row["reason"],
        reverses=row["reverses"],
        id=row["entry_id"],
        origin_at=row["origin_at"],
        recorded_at=row["recorded_at"],
    )
