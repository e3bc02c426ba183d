"""Employments: at which companies a person's records were and when, by their whole history."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain

from mappings.rules.facts import EMPLOYERS, ContactFacts, Directory, texts_of
from mappings.rules.findings import Employment
from mappings.rules.identity import companies, company_changes
from mappings.rules.identity.company_changes import company_id, is_by_user
from mappings.rules.identity.record_profile import employer, is_private, last_life
from mappings.rules.text.address_kinds import clean_email

RANK = {"field": 4, "address": 4, "user": 3, "association": 2, "text": 1}
"""How much a statement of the employer weighs, by where it stands or who made it."""
Claim = tuple[datetime, int, str]
"""A dated statement of an employer: when, which company, and where it stands (see `RANK`)."""


@dataclass(frozen=True, slots=True)
class RecordEmployment:
    """One record at one company from `since` to `until`, last active there at `last_seen`."""

    contact: ContactFacts
    company_id: int
    since: datetime
    how: str
    until: datetime | None = None
    last_seen: datetime | None = None


def of_record(contact: ContactFacts, known: Directory) -> tuple[RecordEmployment, ...]:
    """The companies of one record, in order.

    An address outweighs an association, and that a typed name; but where a user changed the
    primary company, the address that stands there since before is the older news. Activity behind a
    private address says nothing of the employer, nor does activity after an address changed: there
    the last statement that named the company is when the person was last seen at it.
    """
    spans: list[RecordEmployment] = []
    for at, named, how in _claims(contact, known):
        last = spans[-1] if spans else None
        if last is not None and named == last.company_id:
            spans[-1] = replace(last, last_seen=at, how=max(how, last.how, key=RANK.__getitem__))
            continue
        if last is not None:
            if not _ends(how, last, contact, known):
                continue
            spans[-1] = replace(last, until=at)
        spans.append(RecordEmployment(contact, named, at, how, last_seen=at))
    if spans and not is_private(contact, known):
        spans[-1] = replace(spans[-1], last_seen=last_life(contact))
    return tuple(spans)


def _ends(how: str, last: RecordEmployment, contact: ContactFacts, known: Directory) -> bool:
    """Whether a statement of another employer ends an employment.

    A weaker one does not, while a stronger one still supports the employment.
    """
    return how == "user" or RANK[how] >= RANK[last.how] or _outdated(last, contact, known)


def _outdated(last: RecordEmployment, contact: ContactFacts, known: Directory) -> bool:
    """Whether an employment rests on an address that is no longer the record's, or is dead."""
    if last.how != "address":
        return False
    now = {companies.of_email(known, email) for email in contact.emails[:1]}
    is_dead = contact.bounced_at is not None and contact.bounced_at >= last.since
    return is_dead or last.company_id not in now


def _claims(contact: ContactFacts, known: Directory) -> list[Claim]:
    """Every dated statement of the record's employer, by date, the firmest first of one moment."""
    claims = [
        *_dated(contact, "email", "address", partial(_of_address, known)),
        *_associated(contact, known),
        *_dated(contact, "company", "text", partial(companies.of_text, known)),
        *_mapped(contact, known),
    ]
    return sorted(
        claims or _present(contact, known),
        key=lambda claim: (claim[0], -RANK[claim[2]], claim[1]),
    )


def _associated(contact: ContactFacts, known: Directory) -> Iterator[Claim]:
    """The primary companies; one that a user put in another's place is that user's word."""
    former: int | None = None
    for version in company_changes.standing(contact, known):
        named = company_id(known, version.value)
        if named is not None:
            is_changed = former is not None and former != named
            yield version.at, named, "user" if is_changed and is_by_user(version) else "association"
            former = named


def _of_address(known: Directory, text: str) -> int | None:
    return companies.of_email(known, clean_email(text))


def _present(contact: ContactFacts, known: Directory) -> list[Claim]:
    """The present employer since the record's creation: all there is without history."""
    now = employer(contact, known)
    if now is None:
        return []
    by_address = any(companies.of_email(known, email) == now for email in contact.emails[:1])
    return [(contact.created_at, now, "address" if by_address else "association")]


def _mapped(contact: ContactFacts, known: Directory) -> Iterator[Claim]:
    """Employers that a rep or a job-change service wrote into mapped fields."""
    for text in texts_of(contact, *EMPLOYERS):
        named = meant_by(known, text.text)
        if text.at is not None and named is not None:
            yield text.at, named, "field"


def _dated(
    contact: ContactFacts, prop: str, how: str, resolve: Callable[[str], int | None]
) -> Iterator[Claim]:
    for version in contact.history.get(prop, ()):
        named = resolve(version.value)
        if named is not None:
            yield version.at, named, how


def meant_by(known: Directory, text: str) -> int | None:
    """The company that a field means, by its name or by an address there."""
    by_name = companies.of_text(known, text)
    return _of_address(known, text) if by_name is None else by_name


def employments(contacts: Iterable[ContactFacts], known: Directory) -> tuple[Employment, ...]:
    """A person's employments as the CRM shows them, oldest first; see `timeline`."""
    return tuple(
        Employment(
            contact_id=span.contact.id,
            company_id=span.company_id,
            since=span.since,
            until=span.until,
            title=span.contact.job_title,
            how=span.how,
            last_seen=span.last_seen,
        )
        for span in timeline(contacts, known)
    )


def timeline(contacts: Iterable[ContactFacts], known: Directory) -> tuple[RecordEmployment, ...]:
    """The employments of all records of a person, by start; one company in a row counts once."""
    spans = list(chain.from_iterable(of_record(contact, known) for contact in contacts))
    spans.sort(key=lambda span: (span.since, span.contact.id))
    joined: list[RecordEmployment] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is None or not companies.same_company(known, last.company_id, span.company_id):
            joined.append(span)
            continue
        last_seen = _later(last.last_seen, span.last_seen)
        joined[-1] = replace(last, until=span.until, last_seen=last_seen)
    return tuple(joined)


def _later(a: datetime | None, b: datetime | None) -> datetime | None:
    return max((at for at in (a, b) if at), default=None)
