"""Referrals: who recommended us to whom, by label, code, field or answer, and which count."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mappings.kinds import ObjectType, Status
from mappings.rules.facts import (
    TELLS_OF_REFERRALS,
    ContactFacts,
    DealFacts,
    Directory,
    MappedText,
    ReferralLink,
    TextKind,
    texts_of,
)
from mappings.rules.findings import Arrival, Reason, Referral
from mappings.rules.identity import companies
from mappings.rules.identity.linkage import employer
from mappings.rules.policy import Policy
from mappings.rules.referrals import mentions
from mappings.rules.referrals.mentions import Mention, Mentions
from mappings.rules.referrals.referrer_lookup import ReferrerLookup, referrer_lookup
from mappings.rules.text import names, self_reported
from mappings.rules.text.address_kinds import clean_email, domain_of, is_free
from mappings.rules.text.folding import LONGEST, spoken

__all__ = [
    "FORMER_JOB",
    "Hint",
    "ReferrerLookup",
    "code_key",
    "from_answer",
    "from_code",
    "from_field",
    "is_id",
    "judge",
    "of_contact",
    "of_deal",
    "of_links",
    "referrer_lookup",
    "speaking",
    "undenied",
    "worded",
]

_DIGITS_OF_INT64 = 19
_WARNING: Final = "negative_wom"
WARNS = "the answer warns of us"
REVOKED = "the code was revoked before it was used"


@dataclass(frozen=True, slots=True)
class Hint:
    """A possible referrer before the guards: how it was found, how reliable that is, who else fits.

    `how` names a company behind a colon where no contact is known ("named_company:12"); `p` is in
    ppm. `why_not` is why it does not count whoever it is, if so.
    """

    referrer_id: int | None
    how: str
    p: int
    at: datetime | None
    text: str
    others: tuple[int, ...] = ()
    why_not: str = ""


def of_links(
    links: Iterable[ReferralLink], lookup: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Referrals from associations labelled "referred by", and from noted introductions."""
    return tuple(_of_link(link, lookup, policy) for link in links)


def _of_link(link: ReferralLink, lookup: ReferrerLookup, policy: Policy) -> Referral:
    how = "noted_introduction" if link.ask_id else "association_label"
    text = f'is labelled "{spoken(link.label)}"'
    if link.ask_id:
        text = f"was introduced in answer to ask {link.ask_id}"
    hint = Hint(link.referrer_contact_id, how, policy.referral_signals[how], link.at, text)
    target = f"{link.referred_type}:{link.referred_id}"
    if link.referred_type == ObjectType.CONTACT:
        return judge(hint, target, lookup.contacts.get(link.referred_id), None, lookup)
    company_id = link.referred_id if link.referred_type == ObjectType.COMPANY else None
    return judge(hint, target, None, company_id, lookup)


def of_contact(
    contact: ContactFacts, lookup: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Referrals of a contact, by its mapped texts."""
    target = f"{ObjectType.CONTACT}:{contact.id}"
    hints = _hints(contact, contact.created_at, lookup, policy)
    return tuple(judge(hint, target, contact, None, lookup) for hint in hints)


def of_deal(deal: DealFacts, lookup: ReferrerLookup, policy: Policy) -> tuple[Referral, ...]:
    """Referrals of a deal, by its mapped texts."""
    target = f"{ObjectType.DEAL}:{deal.id}"
    hints = _hints(deal, deal.created_at, lookup, policy)
    return tuple(judge(hint, target, None, deal.company_id, lookup) for hint in hints)


def _hints(
    record: ContactFacts | DealFacts, created: datetime, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    for text in texts_of(record, *TELLS_OF_REFERRALS):
        read = _READERS.get(text.kind, from_answer)
        yield from read(text, text.at or created, lookup, policy)


def is_id(text: str) -> bool:
    """Whether a text can be a record's id."""
    return text.strip().isdecimal() and len(text.strip()) < _DIGITS_OF_INT64


def code_key(text: str) -> str:
    """A tracked code in the form in which codes are compared."""
    return text.strip()[:LONGEST].casefold()


def from_code(
    text: MappedText, at: datetime, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """The owner of a tracked code, who gave it to the referred.

    A code that was revoked before it was used is kept as rejected: what came by it earlier stays.
    """
    key = code_key(text.text)
    owner_id = lookup.codes.get(key)
    if owner_id is not None:
        how = "tracked_code"
        ended_at = lookup.ended_codes.get(key)
        why_not = REVOKED if ended_at is not None and at >= ended_at else ""
        reason = worded(text.reason, text)
        yield Hint(owner_id, how, policy.referral_signals[how], at, reason, why_not=why_not)


def from_field(
    text: MappedText, at: datetime, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """The referrer in a mapped "referred by" field.

    It holds an address, a contact id, a name with or without a company, or free words.
    """
    email = clean_email(text.text)
    if email:
        ids: Collection[int] = lookup.by_email.get(email, ())
        yield from _hints_of(ids, "field_email", at, text, lookup, policy)
    elif is_id(text.text) and int(text.text) in lookup.contacts:
        yield from _hints_of((int(text.text),), "field_email", at, text, lookup, policy)
    else:
        yield from _from_name(text, at, lookup, policy)


def _from_name(
    text: MappedText, at: datetime, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    name, company_id = _name_and_company(text.text, lookup.companies)
    ids = lookup.by_name.get(" ".join(sorted(names.tokens(name))), ())
    if company_id is not None:
        # Staff is read from the database where it is not yet known: only for a name that fits.
        staff = lookup.at_company.get(company_id, ()) if ids else ()
        there = [contact_id for contact_id in ids if contact_id in staff]
        yield from _hints_of(there, "field_name_and_company", at, text, lookup, policy)
    elif ids:
        yield from _hints_of(ids, "named_person", at, text, lookup, policy)
    else:
        yield from from_answer(text, at, lookup, policy)


_BETWEEN_NAME_AND_COMPANY: Final = re.compile(
    r"\s*[(,;/|\u2013\u2014]\s*|\s+-\s+|\s+(?:at|from|of|von|bei|de|chez)\s+"
)


def _name_and_company(text: str, known: Directory) -> tuple[str, int | None]:
    """Split "Maria Lopez (Acme)", "Maria Lopez, Acme" or "Maria Lopez at Acme"."""
    written = text[: 2 * LONGEST].strip().rstrip(")")
    name, *company = _BETWEEN_NAME_AND_COMPANY.split(written, maxsplit=1)
    return name, companies.of_text(known, company[0]) if company else None


def _hints_of(
    ids: Collection[int],
    how: str,
    at: datetime | None,
    text: MappedText,
    lookup: ReferrerLookup,
    policy: Policy,
) -> Iterator[Hint]:
    """The hint of a name: one human, or several of whom a person has to choose."""
    fitting = speaking(ids, lookup, at)
    if not fitting:
        return
    if len(fitting) == 1:
        yield Hint(fitting[0], how, policy.referral_signals[how], at, worded(text.reason, text))
        return
    reason = f'"{spoken(text.text)}" fits several'
    p = policy.referral_signals["ambiguous"]
    yield Hint(fitting[0], "ambiguous", p, at, reason, fitting[1:])


def speaking(ids: Collection[int], lookup: ReferrerLookup, at: datetime | None) -> tuple[int, ...]:
    """One contact of each human: of those who spoke as customers then, or else of all."""
    humans = lookup.humans(ids)
    customers = [contact_id for contact_id in humans if lookup.speaks_for_customer(contact_id, at)]
    return tuple(customers) or humans


def from_answer(
    text: MappedText, at: datetime, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """Customers' people and companies that an answer names.

    A denied name is no recommendation; a warning's names are kept as rejected.
    """
    answer = text.text
    found = mentions.find(answer, lookup)
    if not found.people and not found.companies:
        return
    labels = {label.label for label in self_reported.classify(answer, found.known)}
    if _WARNING in labels:
        yield from _warning(answer, at, found, lookup)
        return
    if "referral_person" in labels:
        for person in undenied(answer, found.people, "people"):
            yield from _hints_of(person.ids, "named_person", at, text, lookup, policy)
    if "referral_company" in labels:
        yield from _named_companies(text, at, found, lookup, policy)
    if "moved_self" in labels:
        yield from _former_employers(text, at, found, lookup, policy)


def _named_companies(
    text: MappedText, at: datetime, found: Mentions, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    p = policy.referral_signals["named_company"]
    reason = worded(text.company_reason, text)
    named = undenied(text.text, found.companies, "companies")
    for company_id in dict.fromkeys(company.ids[0] for company in named):
        if lookup.is_customer(company_id, at):
            yield Hint(None, f"named_company:{company_id}", p, at, reason)


FORMER_JOB: Final = "former_job"
"""The answer tells of an earlier job at a customer: a move of which no record tells."""


def _former_employers(
    text: MappedText, at: datetime, found: Mentions, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """Customers where the writer used to work, whether or not they are known there."""
    reason = f'"{spoken(text.text)}" tells of an earlier job at a customer'
    spans = [company.span for company in found.companies]
    former = self_reported.former_employers(text.text, spans)
    named = (company.ids[0] for company in found.companies if company.span in former)
    for company_id in dict.fromkeys(named):
        if lookup.is_customer(company_id, at):
            p = policy.referral_signals[FORMER_JOB]
            yield Hint(None, f"{FORMER_JOB}:{company_id}", p, at, reason)


_READERS: Final = {TextKind.CODE: from_code, TextKind.REFERRER: from_field}


def worded(reason: str, text: MappedText) -> str:
    """A reason in the words of the text's source, with the text in it."""
    return reason.format(said=spoken(text.text))


def undenied(text: str, found: Sequence[Mention], what: str) -> Iterator[Mention]:
    """Those of several names that are not denied ("not Maria at Acme, but Bo Lind")."""
    for mention in found:
        alone = Mentions(people=(mention,)) if what == "people" else Mentions(companies=(mention,))
        labels = self_reported.classify(text, alone.known)
        if any(label.confidence == self_reported.NAMED for label in labels):
            yield mention


def _warning(text: str, at: datetime, found: Mentions, lookup: ReferrerLookup) -> Iterator[Hint]:
    """The names in a warning: kept with its reason, and never credited."""
    quote = f'"{spoken(text)}"'
    for person in found.people:
        humans = speaking(person.ids, lookup, at)
        yield Hint(humans[0], _WARNING, 0, at, f"{quote} names them", humans[1:])
    for company in found.companies:
        yield Hint(None, f"{_WARNING}:{company.ids[0]}", 0, at, f"{quote} names a customer")


@dataclass(frozen=True, slots=True)
class _Referrer:
    """Who recommended: a contact at a company, a company alone, or nobody in the CRM."""

    contact: ContactFacts | None
    person_id: int | None
    company_id: int | None


def judge(
    hint: Hint,
    target: str,
    referred: ContactFacts | None,
    referred_company: int | None,
    lookup: ReferrerLookup,
) -> Referral:
    """Apply the guards to a hint: it counts, a person is asked, or it is rejected with a reason.

    *referred* is the contact who was recommended to us, *referred_company* the company where no
    contact is known.
    """
    how = hint.how.partition(":")[0]
    referrer = _referrer(hint, lookup)
    goal = referred_company if referred is None else employer(referred, lookup.companies)
    at = hint.at or (referred.created_at if referred else None)
    why_not = WARNS if how == _WARNING else hint.why_not
    why_not = why_not or _rejection(referrer, referred, goal, lookup)
    contact_ids = [referrer.contact.id, *hint.others] if referrer.contact else []
    evidence = (*(f"{ObjectType.CONTACT}:{contact_id}" for contact_id in contact_ids), target)
    reasons = [Reason(how, hint.text, at, evidence, hint.p)]
    if why_not:
        reasons.append(Reason("rejected", why_not, at, evidence))
    return Referral(
        referrer_contact_id=referrer.contact.id if referrer.contact else None,
        referrer_person_id=referrer.person_id,
        referrer_company_id=referrer.company_id,
        target=target,
        at=at,
        how=how,
        p=hint.p,
        status=_status(hint, why_not),
        from_customer=lookup.is_customers(referrer.person_id, referrer.company_id, at),
        expansion=lookup.was_customer(goal, at),
        reasons=tuple(reasons),
        arrival=_arrival(referrer, referred, goal, lookup),
    )


def _referrer(hint: Hint, lookup: ReferrerLookup) -> _Referrer:
    contact = None if hint.referrer_id is None else lookup.contacts.get(hint.referrer_id)
    if contact is not None:
        return _Referrer(contact, lookup.person(contact.id), employer(contact, lookup.companies))
    company_id = hint.how.partition(":")[2]
    return _Referrer(None, None, int(company_id) if company_id else None)


def _status(hint: Hint, why_not: str) -> Status:
    if why_not:
        return Status.REJECTED
    return Status.REVIEW if hint.others else Status.AUTO


def _arrival(
    referrer: _Referrer, referred: ContactFacts | None, goal: int | None, lookup: ReferrerLookup
) -> Arrival | None:
    """How things stood when the referred contact came into the CRM; None without a contact."""
    if referred is None:
        return None
    at = referred.created_at
    from_customer = lookup.is_customers(referrer.person_id, referrer.company_id, at)
    return Arrival(at, from_customer, lookup.was_customer(goal, at))


def _rejection(
    referrer: _Referrer, referred: ContactFacts | None, goal: int | None, lookup: ReferrerLookup
) -> str:
    """Why a recommendation does not count, or ""."""
    contact = referrer.contact
    if contact is None and referrer.company_id is None:
        return "the referrer is not in the CRM"
    if companies.same_company(lookup.companies, referrer.company_id, goal):
        return "referrer and referred are one company"
    if contact is None:
        return ""
    if not lookup.companies.own_domains.isdisjoint(map(domain_of, contact.emails)):
        return "the referrer is our own staff"
    if referred is None:
        return ""
    if referrer.person_id == lookup.person(referred.id):
        return "referrer and referred are one person"
    if _work_domain(contact, lookup) & _work_domain(referred, lookup):
        return "referrer and referred have addresses at one company"
    if _numbers(contact) & _numbers(referred):
        return "referrer and referred share a phone"
    return ""


def _work_domain(contact: ContactFacts, lookup: ReferrerLookup) -> set[str]:
    """The domain of the address they use now, unless anybody can have one there.

    Others may be of an earlier employer: former colleagues do recommend us.
    """
    current = contact.emails[:1]
    free_hosts = lookup.companies.free_hosts
    return {domain_of(email) for email in current if not is_free(email, free_hosts)}


def _numbers(contact: ContactFacts) -> set[str]:
    """Numbers that can be compared: a local one may be anybody's in another country."""
    return {number for number in contact.phones + contact.mobiles if number.startswith("+")}
