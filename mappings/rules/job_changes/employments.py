"""Stints: where each record of a person stood and when, read from what the CRM says and used to say."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from mappings.rules.facts import EMPLOYERS, ContactFacts, Directory, Version, texts_of
from mappings.rules.findings import Employment
from mappings.rules.identity import companies
from mappings.rules.identity.record_profile import employer, is_private, last_life
from mappings.rules.text.address_kinds import clean_email

RANK = {"field": 3, "address": 3, "association": 2, "text": 1}


@dataclass(frozen=True, slots=True)
class RecordEmployment:
    """One record at one company: known from `since`, last alive there at `last_seen`, over at `until`."""

    contact: ContactFacts
    company_id: int
    since: datetime
    how: str
    until: datetime | None = None
    last_seen: datetime | None = None


def of_record(contact: ContactFacts, known: Directory) -> tuple[RecordEmployment, ...]:
    """The companies one record stood for, in order. An address outweighs an association, that a typed name.

    Signs of life behind a private address say nothing about the employer, nor do those after an
    address changed: there the last statement that named the company is the last that was seen of
    the person at it.
    """
    found: list[RecordEmployment] = []
    for at, company_id, how in _claims(contact, known):
        last = found[-1] if found else None
        if last is None:
            found.append(RecordEmployment(contact, company_id, at, how, last_seen=at))
        elif company_id != last.company_id and (
            RANK[how] >= RANK[last.how] or _outdated(last, contact, known)
        ):
            found[-1] = replace(last, until=at)
            found.append(RecordEmployment(contact, company_id, at, how, last_seen=at))
        elif company_id == last.company_id:
            found[-1] = replace(last, last_seen=at, how=max(how, last.how, key=RANK.__getitem__))
    if found and not is_private(contact, known):
        found[-1] = replace(found[-1], last_seen=last_life(contact))
    return tuple(found)


def _outdated(last: RecordEmployment, contact: ContactFacts, known: Directory) -> bool:
    """An address that is no longer on the record cannot hold it at its old company."""
    now = {companies.of_email(known, email) for email in contact.emails[:1]}
    return last.how == "address" and last.company_id not in now


def _claims(contact: ContactFacts, known: Directory) -> list[tuple[datetime, int, str]]:
    """Every dated statement about the record's company, oldest first, the firmest first within one moment."""
    claims = [
        *_dated(
            contact, "email", "address", lambda text: companies.of_email(known, clean_email(text))
        ),
        *_dated(
            contact, "associatedcompanyid", "association", lambda text: company_id(known, text)
        ),
        *_dated(contact, "company", "text", lambda text: companies.of_text(known, text)),
        *_mapped(contact, known),
    ]
    now = employer(contact, known)
    if not claims and now is not None:
        by_address = any(companies.of_email(known, email) == now for email in contact.emails[:1])
        claims = [(contact.created_at, now, "address" if by_address else "association")]
    return sorted(claims, key=lambda claim: (claim[0], -RANK[claim[2]], claim[1]))


def _mapped(contact: ContactFacts, known: Directory) -> Iterator[tuple[datetime, int, str]]:
    """Employers that a rep or a job-change service wrote into mapped fields."""
    for text in texts_of(contact, *EMPLOYERS):
        found = meant_by(known, text.text)
        if text.at is not None and found is not None:
            yield text.at, found, "field"


def _dated(
    contact: ContactFacts, prop: str, how: str, resolve: Callable[[str], int | None]
) -> Iterator[tuple[datetime, int, str]]:
    for version in contact.history.get(prop, ()):
        if (found := resolve(version.value)) is not None:
            yield version.at, found, how


def company_id(known: Directory, text: str) -> int | None:
    """A company id written as text, followed through merges; None when it is no number."""
    digits = text.strip()
    return (
        companies.survivor(known, int(digits)) if digits.isdecimal() and len(digits) < 19 else None  # noqa: PLR2004
    )


def meant_by(known: Directory, text: str) -> int | None:
    """The company that a field means, by its name or by an address there."""
    found = companies.of_text(known, text)
    return companies.of_email(known, clean_email(text)) if found is None else found


def changes(versions: Sequence[Version]) -> Iterable[tuple[Version, Version]]:
    """Each version of a property beside the one it replaced, empty values skipped."""
    filled = [version for version in versions if version.value.strip()]
    return pairwise(filled)


def employments(contacts: Iterable[ContactFacts], known: Directory) -> tuple[Employment, ...]:
    """A person's employment as the CRM shows it, oldest first; one company in a row is one spell."""
    ordered = timeline(contacts, known)
    return tuple(
        Employment(
            one.contact.id,
            one.company_id,
            one.since,
            one.until,
            one.contact.job_title,
            one.how,
            one.last_seen,
        )
        for one in ordered
    )


def timeline(contacts: Iterable[ContactFacts], known: Directory) -> tuple[RecordEmployment, ...]:
    """The stints of all records of a person, by start; records at one company in a row become one stint."""
    stints = [stint for contact in contacts for stint in of_record(contact, known)]
    stints.sort(key=lambda one: (one.since, one.contact.id))
    joined: list[RecordEmployment] = []
    for stint in stints:
        if joined and companies.same_company(known, joined[-1].company_id, stint.company_id):
            joined[-1] = replace(
                joined[-1],
                until=stint.until,
                last_seen=_later(joined[-1].last_seen, stint.last_seen),
            )
        else:
            joined.append(stint)
    return tuple(joined)


def _later(a: datetime | None, b: datetime | None) -> datetime | None:
    return max((at for at in (a, b) if at), default=None)
