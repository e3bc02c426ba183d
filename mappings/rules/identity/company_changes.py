"""Company changes: which primary companies of a record stood, and who put them there."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from mappings.rules.facts import ContactFacts, Directory, Version
from mappings.rules.identity import companies
from mappings.rules.text.address_kinds import clean_email, is_contractor, is_free, is_role

CORRECTED_WITHIN: Final = timedelta(days=14)
"""A primary company that was replaced so soon may be a slip that somebody corrected."""
# What a user did: every edit in HubSpot's own pages and apps. Other words may join HubSpot's list.
_BY_USER: Final = ("CRM_UI", "MOBILE_")
_ALSO_BY_USER: Final = frozenset({"CONTACTS"})
IMPORT: Final = "IMPORT"
# A file names the user who started it, and who looked at none of its records.
_MANY_AT_ONCE: Final = frozenset({IMPORT, "BATCH_UPDATE"})
ONE_EDIT: Final = timedelta(days=1)
"""One edit, or one import, writes its properties and records within this time."""
_DIGITS_OF_INT64: Final = 19


def is_by_user(version: Version) -> bool:
    """Whether a user made this change; everything else is a program's on its own account."""
    source = version.source_type
    if source.startswith(_BY_USER) or source in _ALSO_BY_USER:
        return True
    return (version.source_id or "").startswith("userId:") and source not in _MANY_AT_ONCE


def company_id(known: Directory, text: str) -> int | None:
    """A company id written as text, followed through merges; None when it is no number."""
    digits = text.strip()
    if not digits.isdecimal() or len(digits) >= _DIGITS_OF_INT64:
        return None
    return companies.survivor(known, int(digits))


def changes(versions: Sequence[Version]) -> Iterable[tuple[Version, Version]]:
    """Each version of a property beside the one it replaced, empty values skipped."""
    filled = [version for version in versions if version.value.strip()]
    return pairwise(filled)


def standing(contact: ContactFacts, known: Directory) -> tuple[Version, ...]:
    """The versions of a record's primary company, without slips that were soon corrected.

    A slip is a change that was taken back within days, and a company that was replaced within days
    while no address of the record was ever there: somebody had typed or clicked the wrong one.
    """
    versions = [
        version
        for version in contact.history.get("associatedcompanyid", ())
        if version.value.strip()
    ]
    kept: list[Version] = []
    for version, later in pairwise(versions):
        before = kept[-1] if kept else None
        if not _is_slip(before, version, later, contact, known):
            kept.append(version)
    return (*kept, *versions[-1:])


def _is_slip(
    before: Version | None,
    version: Version,
    later: Version,
    contact: ContactFacts,
    known: Directory,
) -> bool:
    named, corrected = company_id(known, version.value), company_id(known, later.value)
    if named == corrected or later.at - version.at > CORRECTED_WITHIN:
        return False
    is_taken_back = before is not None and company_id(known, before.value) == corrected
    return is_taken_back or not _had_address_at(named, contact, known)


def _had_address_at(company: int | None, contact: ContactFacts, known: Directory) -> bool:
    return any(
        companies.same_company(known, companies.of_email(known, email), company)
        for email in _addresses(contact)
    )


def is_named_by_import(contact: ContactFacts, change: Version, known: Directory) -> bool:
    """Whether an import wrote the company's name along with the link to it.

    A company that a program guesses from an address has no name in a file.
    """
    if change.source_type != IMPORT:
        return False
    company = company_id(known, change.value)
    return any(
        version.source_type == IMPORT
        and abs(version.at - change.at) <= ONE_EDIT
        and companies.same_company(known, companies.of_text(known, version.value), company)
        for version in contact.history.get("company", ())
    )


def assigned(contact: ContactFacts, known: Directory) -> int | None:
    """The primary company that a user put in another's place since the address was written.

    None where nobody did, or where the record is linked to it no longer.
    """
    told = contact.history.get("associatedcompanyid", ())
    # Most records were never anywhere else.
    is_told = bool(contact.company_ids) and len(told) > 1
    versions = standing(contact, known) if is_told else ()
    named = [company_id(known, version.value) for version in versions[-2:]]
    is_change = len(set(named)) > 1
    if not is_change or not is_by_user(versions[-1]):
        return None
    addresses = contact.history.get("email", ())
    if any(version.at > versions[-1].at for version in addresses):
        return None
    primary = companies.survivor(known, contact.company_ids[0])
    return primary if primary == named[-1] else None


def came_with_address(
    contact: ContactFacts, change: Version, former: int, known: Directory
) -> bool:
    """Whether what changed the company wrote an address of another company along with it.

    A company that a program guesses from an address comes from another source than the address.
    """
    return any(
        _tells_employer(email, known)
        and not companies.same_company(known, companies.of_email(known, email), former)
        for email in _addresses_written_by(contact, change)
    )


def _tells_employer(email: str, known: Directory) -> bool:
    return not (is_free(email, known.free_hosts) or is_role(email) or is_contractor(email))


def _addresses_written_by(contact: ContactFacts, change: Version) -> set[str]:
    """The addresses that one edit wrote and that the record did not have before."""
    told = [
        version
        for name in ("email", "hs_additional_emails")
        for version in contact.history.get(name, ())
    ]
    is_of_edit = [
        version.source_type == change.source_type and abs(version.at - change.at) <= ONE_EDIT
        for version in told
    ]
    written, before = set[str](), set[str]()
    for version, is_new in zip(told, is_of_edit, strict=True):
        if is_new:
            written |= _split(version.value)
        elif version.at < change.at:
            before |= _split(version.value)
    return written - before if before else set()


def _split(text: str) -> set[str]:
    return {clean_email(part) for part in text.split(";")} - {""}


def _addresses(contact: ContactFacts) -> Iterator[str]:
    yield from contact.emails
    for version in contact.history.get("email", ()):
        yield clean_email(version.value)
