"""Affected referrals: the contacts and deals whose fields, labels and texts are read again.

A record *reports* a referral that its own fields, labels or texts name. Who made the referral is
its referrer, and whom it brought the referred.
"""

from collections.abc import Collection, Iterable

from integration.portal.occurrence import Occurrence, refs
from integration.storage.database import Row
from integration.storage.findings import (
    answer_labels,
    pending_mentions,
    person_rows,
    source_rows,
)
from integration.storage.mirror import company_keys
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap
from mappings.records.rows import RefPair
from mappings.rules.facts import TELLS_OF_REFERRALS
from mappings.rules.text import self_reported

# The keys of people by which a text can name them.
_NAMING = frozenset({"mail", "name", "code"})


def read_by_older_classifier(occurrence: Occurrence) -> set[RefPair]:
    """The records whose texts an older classifier read last."""
    return answer_labels.read_by_older(occurrence.tx, self_reported.VERSION)


# By who reports


def reporting_contacts(occurrence: Occurrence) -> set[RefPair]:
    """Those of the contacts that reported how they came to us, or report it now."""
    names = _text_names(occurrence.known_terms.portal_map)
    contact_ids = source_rows.tellers(occurrence.tx, occurrence.contacts)
    contact_ids |= person_rows.with_texts(occurrence.tx, occurrence.contacts, names)
    return refs(ObjectType.CONTACT, contact_ids)


def _text_names(words: PortalMap) -> list[str]:
    mapped = words.mapped_texts(ObjectType.CONTACT, *TELLS_OF_REFERRALS)
    return [name for _, name in mapped]


def reporting_staff(occurrence: Occurrence) -> set[RefPair]:
    """The companies' people that reported a referral."""
    referrals = source_rows.referrals_told_by(occurrence.tx, ObjectType.CONTACT, occurrence.staff)
    return refs(ObjectType.CONTACT, (referral["owner_id"] for referral in referrals))


# By who referred, or is referred


def with_contacts_as_referrers(occurrence: Occurrence) -> set[RefPair]:
    """The records that report referrals by the contacts."""
    return _reporters(source_rows.referrals_by(occurrence.tx, contact_ids=occurrence.contacts))


def with_companies_as_referrers(occurrence: Occurrence) -> set[RefPair]:
    """The records that report referrals by the companies."""
    return _reporters(source_rows.referrals_by(occurrence.tx, company_ids=occurrence.companies))


def with_staff_as_referrers(occurrence: Occurrence) -> set[RefPair]:
    """The records that report referrals by the companies' people."""
    return _reporters(source_rows.referrals_by(occurrence.tx, contact_ids=occurrence.staff))


def around_companies(occurrence: Occurrence) -> set[RefPair]:
    """The records that report referrals by or to the companies."""
    return _around(occurrence, occurrence.companies)


def around_companies_with_children(occurrence: Occurrence) -> set[RefPair]:
    """The records that report referrals by or to the companies and those under them."""
    return _around(occurrence, occurrence.companies_with_children)


def around_forgotten(occurrence: Occurrence) -> set[RefPair]:
    """The other records that report referrals by or to the forgotten person."""
    own = refs(ObjectType.CONTACT, occurrence.contacts)
    return _reporters(occurrence.referrals_around_contacts) - own


def _around(occurrence: Occurrence, company_ids: Collection[int]) -> set[RefPair]:
    targets = {f"company:{company_id}" for company_id in company_ids}
    by_companies = source_rows.referrals_by(occurrence.tx, company_ids=company_ids)
    to_companies = source_rows.referrals_to(occurrence.tx, targets)
    return _reporters([*by_companies, *to_companies])


def _reporters(referrals: Iterable[Row]) -> set[RefPair]:
    return {(referral["owner_type"], referral["owner_id"]) for referral in referrals}


# By who is mentioned


def mentioning_keys(occurrence: Occurrence) -> set[RefPair]:
    """The records whose text names somebody by one of the keys."""
    return pending_mentions.seekers(occurrence.tx, _naming(occurrence.keys))


def mentioning_companies(occurrence: Occurrence) -> set[RefPair]:
    """The records whose text seems to name one of the companies, or somebody there."""
    return pending_mentions.seekers(occurrence.tx, _spoken_words(occurrence))


def mentioning_staff(occurrence: Occurrence) -> set[RefPair]:
    """The records whose text names the companies or their people."""
    keys = person_rows.keys_of(occurrence.tx, occurrence.staff)
    names = _naming(set().union(*keys.values()))
    return pending_mentions.seekers(occurrence.tx, names | _spoken_words(occurrence))


def _naming(keys: Iterable[tuple[str, str]]) -> set[str]:
    return {f"{kind}:{value}" for kind, value in keys if kind in _NAMING}


def _spoken_words(occurrence: Occurrence) -> set[str]:
    """The first word of each company's name: a text may say no more of it."""
    keys = company_keys.keys_of(occurrence.tx, occurrence.companies)
    words: set[str] = set()
    for kind, value in set().union(*keys.values()):
        if kind == "name":
            words.add(f"firm:{value.split()[0]}")
    return words
