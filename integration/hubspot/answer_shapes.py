"""HubSpot's answers as frozen shapes; an answer that lacks a part is a broken one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from integration.core.errors import SecondOrderError
from mappings.records import identifiers
from mappings.records.access import known_type
from mappings.records.rows import Link, Record
from mappings.records.values import FIRST_YEAR, LAST_YEAR, record_ids

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
_MERGE_TRACES: Final = ("hs_merged_object_ids", "hs_calculated_merged_vids")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_after` is None on the last one."""

    records: list[Record]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the records that a search finds, and how many it finds in all."""

    records: list[Record]
    total: int


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The records found by ids. `moved` maps an asked-for id to the id of its merged record."""

    records: list[Record]
    missing: frozenset[int]
    moved: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one record's patch.

    - `written`: done, except for the properties `left_out`
    - `gone`: there is no such record
    - `refused`: HubSpot does not accept the values
    - `property_trouble`: nothing was left after taking out troubled properties
    - `unclear`: HubSpot did not say; write again
    """

    status: str
    reason: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class WriteResult:
    """The result of a batch of patches.

    `troubles` maps properties that cannot be written at present to HubSpot's code: pause those.
    `stopped` is the reason why the remaining records have no outcome: store what is here, then
    raise it. Writing them again is harmless.
    """

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    stopped: SecondOrderError | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A portal's id, kind, time zone and currencies."""

    portal_id: int
    account_type: str = ""
    time_zone: str = ""
    currency: str = ""
    additional_currencies: Sequence[str] = ()
    ui_domain: str = ""
    data_hosting_location: str = ""


def page_of(object_type: str, answer: Mapping[str, Any]) -> Page:
    """Return a list answer as a page."""
    after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    records = [record_of(object_type, raw) for raw in answer["results"]]
    return Page(records, None if after in (None, "") else str(after))


def sample_of(object_type: str, answer: Mapping[str, Any]) -> Sample:
    """Return a search's first page, with the number of all hits."""
    return Sample(page_of(object_type, answer).records, int(answer["total"]))


def naming_absent(records: list[Record], asked: Sequence[str]) -> list[Record]:
    """Return records with the asked properties that the portal does not have.

    HubSpot leaves those out of every record alike; an empty property is null.
    """
    if not records:
        return records
    absent = frozenset(name for name in asked if name not in records[0].properties)
    return [record._replace(absent=absent) for record in records] if absent else records


def record_of(object_type: str, raw: Mapping[str, Any]) -> Record:
    """Return one record; raises KeyError, TypeError or ValueError when it is none."""
    inline, overflow = _inline(raw["associations"]) if raw.get("associations") else (_NONE, ())
    return Record(
        object_type,
        identifiers.required(raw["id"]),
        raw["properties"] or _NONE,
        raw.get("propertiesWithHistory") or _NONE,
        _time(raw["createdAt"]) if "createdAt" in raw else None,
        _time(raw["updatedAt"]) if "updatedAt" in raw else None,
        raw.get("archived") is True,
        (),
        inline,
        overflow,
    )


def _inline(raw: Mapping[str, Any]) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    inline: dict[str, tuple[int, ...]] = {}
    overflow = []
    for plural, answer in raw.items():
        # A pair can come several times, once per association type.
        linked = (identifiers.required(link["id"]) for link in answer.get("results") or ())
        name = known_type(plural) or plural
        inline[name] = tuple(dict.fromkeys(linked))
        if answer.get("paging"):
            overflow.append(name)
    return inline, tuple(overflow)


def links_of(
    from_type: str, to_type: str, from_id: int, raw: Sequence[Mapping[str, Any]]
) -> list[Link]:
    """Return the links of one record in an association answer, one for each type of each pair."""
    return [
        Link(
            from_type,
            from_id,
            to_type,
            identifiers.required(to["toObjectId"]),
            int(kind["typeId"]),
            kind.get("category") or "HUBSPOT_DEFINED",
            kind.get("label") or None,
        )
        for to in raw
        for kind in to.get("associationTypes") or ()
    ]


def read_result(asked: Sequence[int], records: Sequence[Record]) -> ReadResult:
    """Sort asked-for ids into found ones, ones moved by a merge, and missing ones."""
    by_id = {record.id: record for record in records}
    absent = [record_id for record_id in asked if record_id not in by_id]
    moved: dict[int, int] = {}
    if absent:
        survivors = {
            old: record.id
            for record in by_id.values()
            for trace in _MERGE_TRACES
            for old in record_ids(record.get(trace))
        }
        moved = {
            record_id: survivors[record_id]
            for record_id in absent
            if survivors.get(record_id, record_id) != record_id
        }
    return ReadResult(list(by_id.values()), frozenset(absent) - moved.keys(), moved)


def account_of(raw: Mapping[str, Any]) -> Account:
    """Return an account-info answer as an account."""
    return Account(
        portal_id=int(raw["portalId"]),
        account_type=str(raw.get("accountType") or ""),
        time_zone=str(raw.get("timeZone") or ""),
        currency=str(raw.get("companyCurrency") or "").upper(),
        additional_currencies=tuple(
            str(currency) for currency in raw.get("additionalCurrencies") or ()
        ),
        ui_domain=str(raw.get("uiDomain") or ""),
        data_hosting_location=str(raw.get("dataHostingLocation") or ""),
    )


def _time(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # The years 0001 and 9999 mean that nobody knows; days added to them would leave the calendar.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
