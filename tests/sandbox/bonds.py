"""Linking and unlinking records: primary companies, both sides' events, the contact's company id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .associations import PRIMARY_IDS, Label, primary_of
from .records import Record, Source

if TYPE_CHECKING:
    from .portal import Portal

Ends = tuple[str, int, str, int]  # type and id of both records of a link


class CannotLink(LookupError):
    """HubSpot has no association between these types."""


def link(
    portal: Portal,
    ends: Ends,
    labels: Iterable[str | int],
    *,
    primary: bool | None,
    ms: int,
    source: Source,
) -> None:
    """Add the unlabelled type, the labels, and "primary" when asked for or when there is none yet."""
    kind, one, to, other = ends
    plain = portal.labels.plain(kind, to)
    if plain is None:
        raise CannotLink(f"{kind} and {to} cannot be associated")
    wanted = [plain, *(portal.label(kind, to, label) for label in labels)]
    first = primary_of(kind, to)
    by_itself = (
        primary is None
        and portal.hubspot.quirks.first_company_is_primary
        and not _has_primary(portal, ends)
    )
    if first and (primary or by_itself):
        wanted.append(portal.label(kind, to, first[0]))
    if any(label.type_id in PRIMARY_IDS for label in wanted):
        _demote(portal, ends, ms, source)
    new = portal.links.add(kind, one, to, other, wanted)
    _tell(portal, ends, new, ms=ms, source=source, removed=False)
    _follow(portal, ends, new, ms, source)


def unlink(
    portal: Portal, ends: Ends, labels: Sequence[str | int], *, ms: int, source: Source
) -> None:
    """Take labels off, or, without labels or with the unlabelled type, everything."""
    kind, one, to, other = ends
    chosen = [portal.label(kind, to, label) for label in labels]
    if not chosen or any(label.label is None for label in chosen):
        chosen = list(portal.labels.pair(kind, to).values())
    gone = portal.links.remove(kind, one, to, other, chosen)
    _tell(portal, ends, gone, ms=ms, source=source, removed=True)
    _follow(portal, ends, gone, ms, source)


def _holder(ends: Ends) -> tuple[str, int, int]:
    """The record that has one primary company, and the company."""
    kind, one, to, other = ends
    return (to, other, one) if kind == "company" else (kind, one, other)


def _has_primary(portal: Portal, ends: Ends) -> bool:
    """Whether there is one now: a company in the recycle bin is nobody's primary one."""
    holder, holder_id, _ = _holder(ends)
    linked = portal.associated(holder, holder_id, "company").values()
    return any(types & PRIMARY_IDS for types in linked)


def _demote(portal: Portal, ends: Ends, ms: int, source: Source) -> None:
    holder, holder_id, company_id = _holder(ends)
    mark = portal.label(holder, "company", "Primary")
    for rival, types in list(portal.links.of(holder, holder_id, "company").items()):
        if mark.type_id in types and rival != company_id:
            gone = portal.links.remove(holder, holder_id, "company", rival, [mark])
            _tell(
                portal,
                (holder, holder_id, "company", rival),
                gone,
                ms=ms,
                source=source,
                removed=True,
            )


def _tell(
    portal: Portal, ends: Ends, labels: Sequence[Label], *, ms: int, source: Source, removed: bool
) -> None:
    """One event per type and side: up to four for one link with a primary company."""
    if not portal.speaks:
        return
    _, one, _, other = ends
    for label in labels:
        ids = {"type_id": label.inverse_id, "inverse_id": label.type_id}
        back = replace(label, from_type=label.to_type, to_type=label.from_type, **ids)  # type: ignore[arg-type]
        for side, from_id, to_id in ((label, one, other), (back, other, one)):
            portal.emit(
                "associationChange",
                side.from_type,
                ms,
                source,
                fromObjectId=from_id,
                toObjectId=to_id,
                associationRemoved=removed,
                isPrimaryAssociation=label.type_id in PRIMARY_IDS,
                _from=side.from_type,
                _to=side.to_type,
                _type_id=side.type_id,
                _category=side.category,
            )


def follow_bin(portal: Portal, company: Record, ms: int, source: Source) -> None:
    """Keep the contacts' associatedcompanyid when their primary company goes into the bin or out of it."""
    if company.type != "company" or not portal.hubspot.quirks.deletion_clears_company_id:
        return
    primary = portal.label("company", "contact", "Primary").type_id
    is_live = portal.get("company", company.id) is not None
    for contact_id, types in portal.links.of("company", company.id, "contact").items():
        contact = portal.records["contact"].get(contact_id)
        if contact is not None and primary in types:
            told = {"associatedcompanyid": str(company.id) if is_live else ""}
            portal.write(
                contact, told, ms, source, tell=portal.hubspot.quirks.primary_company_fires
            )


def _follow(portal: Portal, ends: Ends, changed: Sequence[Label], ms: int, source: Source) -> None:
    """Keep the contact's associatedcompanyid, with its history, beside the primary link."""
    if {ends[0], ends[2]} != {"contact", "company"} or not any(
        label.type_id in PRIMARY_IDS for label in changed
    ):
        return
    _, contact_id, _ = _holder(ends)
    linked = portal.links.of("contact", contact_id, "company").items()
    company = next((str(found) for found, types in linked if 1 in types), "")
    contact = portal.records["contact"].get(contact_id)
    if contact is not None:
        told = {"associatedcompanyid": company}
        portal.write(contact, told, ms, source, tell=portal.hubspot.quirks.primary_company_fires)
