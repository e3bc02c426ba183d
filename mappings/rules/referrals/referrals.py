"""Referrals: who recommended us to whom, by label, code, mapped field, answer, mail or note, with the guards."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
from mappings.rules.text.address_kinds import clean_email, domain_of
from mappings.rules.text.folding import LONGEST, spoken

__all__ = [
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
WARNS = "the answer warns of us"


@dataclass(frozen=True, slots=True)
class Hint:
    """A possible referrer before the guards: how it was found, how reliable that is, and who else fits."""

    referrer_id: int | None
    how: str
    p: int
    at: datetime | None
    text: str
    others: tuple[int, ...] = ()


def of_links(
    links: Iterable[ReferralLink], ring: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Referrals from associations labelled "referred by"."""
    p = policy.referral_signals["association_label"]
    return tuple(
        judge(
            Hint(
                link.referrer_contact_id,
                "association_label",
                p,
                link.at,
                f'is labelled "{spoken(link.label)}"',
            ),
            f"{link.referred_type}:{link.referred_id}",
            _target_contact(link, ring),
            link.referred_id if link.referred_type == "company" else None,
            ring,
        )
        for link in links
    )


def _target_contact(link: ReferralLink, ring: ReferrerLookup) -> ContactFacts | None:
    return ring.contacts.get(link.referred_id) if link.referred_type == "contact" else None


def of_contact(contact: ContactFacts, ring: ReferrerLookup, policy: Policy) -> tuple[Referral, ...]:
    """Referrals that a contact's own fields tell of."""
    hints = _hints(contact, contact.created_at, ring, policy)
    return tuple(judge(hint, f"contact:{contact.id}", contact, None, ring) for hint in hints)


def of_deal(deal: DealFacts, ring: ReferrerLookup, policy: Policy) -> tuple[Referral, ...]:
    """Referrals that a deal's own fields tell of."""
    hints = _hints(deal, deal.created_at, ring, policy)
    return tuple(judge(hint, f"deal:{deal.id}", None, deal.company_id, ring) for hint in hints)


def _hints(
    record: ContactFacts | DealFacts, created: datetime, ring: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    for text in texts_of(record, *TELLS_OF_REFERRALS):
        read = _READERS.get(text.kind, from_answer)
        yield from read(text, text.at or created, ring, policy)


def is_id(text: str) -> bool:
    """Whether a text can be a record's id."""
    return text.strip().isdecimal() and len(text.strip()) < _DIGITS_OF_INT64


def code_key(text: str) -> str:
    """A tracked code in the form in which codes are compared."""
    return text.strip()[:LONGEST].casefold()


def from_code(
    text: MappedText, at: datetime, ring: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """Read a tracked code: who gives it to others referred them."""
    owner = ring.codes.get(code_key(text.text))
    if owner is not None:
        yield Hint(
            owner,
            "tracked_code",
            policy.referral_signals["tracked_code"],
            at,
            worded(text.reason, text),
        )


def from_field(
    text: MappedText, at: datetime, ring: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """Read a mapped "referred by" field: an address, a contact id, a name with or without a company, or free words."""
    email = clean_email(text.text)
    if email:
        yield from _hints_of(ring.by_email.get(email, ()), "field_email", at, text, ring, policy)
        return
    if is_id(text.text) and int(text.text) in ring.contacts:
        yield from _hints_of((int(text.text),), "field_email", at, text, ring, policy)
        return
    person, company = _name_and_company(text.text, ring.companies)
    ids = ring.by_name.get(" ".join(sorted(names.tokens(person))), ())
    there = (
        ids
        if company is None
        else tuple(one for one in ids if one in ring.at_company.get(company, ()))
    )
    if there:
        how = "named_person" if company is None else "field_name_and_company"
        yield from _hints_of(there, how, at, text, ring, policy)
    elif company is None and not ids:
        yield from from_answer(text, at, ring, policy)


def _name_and_company(text: str, known: Directory) -> tuple[str, int | None]:
    """Split "Maria Lopez (Acme)", "Maria Lopez, Acme" or "Maria Lopez at Acme"."""
    parts = re.split(
        r"\s*[(,;/|\u2013\u2014]\s*|\s+-\s+|\s+(?:at|from|of|von|bei|de|chez)\s+",
        text[: 2 * LONGEST].strip().rstrip(")"),
        maxsplit=1,
    )
    return parts[0], companies.of_text(known, parts[1]) if len(parts) > 1 else None


def _hints_of(
    ids: Collection[int],
    how: str,
    at: datetime | None,
    text: MappedText,
    ring: ReferrerLookup,
    policy: Policy,
) -> Iterator[Hint]:
    """One human is meant, or several may be: then a person has to say which."""
    fitting = speaking(ids, ring, at)
    if not fitting:
        return
    if len(fitting) == 1:
        yield Hint(fitting[0], how, policy.referral_signals[how], at, worded(text.reason, text))
        return
    said = f'"{spoken(text.text)}" fits several'
    yield Hint(fitting[0], "ambiguous", policy.referral_signals["ambiguous"], at, said, fitting[1:])


def speaking(ids: Collection[int], ring: ReferrerLookup, at: datetime | None) -> tuple[int, ...]:
    """Each human once; those who spoke as customers then before namesakes who did not."""
    humans = ring.humans(ids)
    customers = tuple(one for one in humans if ring.speaks_for_customer(one, at))
    return customers or humans


def from_answer(
    text: MappedText, at: datetime, ring: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    """Customers' people and companies that an answer names; a warning or a denied name is no recommendation."""
    said = text.text
    found = mentions.find(said, ring)
    if not found.people and not found.companies:
        return
    labels = {one.label for one in self_reported.classify(said, found.known)}
    if "negative_wom" in labels:
        yield from _warning(said, at, found, ring)
        return
    if "referral_person" in labels:
        for person in undenied(said, found.people, "people"):
            yield from _hints_of(person.ids, "named_person", at, text, ring, policy)
    if "referral_company" in labels:
        p = policy.referral_signals["named_company"]
        firms = (company.ids[0] for company in undenied(said, found.companies, "companies"))
        for firm in dict.fromkeys(one for one in firms if ring.is_customer(one, at)):
            yield Hint(None, f"named_company:{firm}", p, at, worded(text.company_reason, text))


_READERS: Final = {TextKind.CODE: from_code, TextKind.REFERRER: from_field}


def worded(reason: str, text: MappedText) -> str:
    """A reason in the words of the text's source."""
    return reason.format(said=spoken(text.text))


def undenied(text: str, found: Sequence[Mention], what: str) -> Iterator[Mention]:
    """Those of several names that are not denied ("not Maria at Acme, but Bo Lind")."""
    for one in found:
        alone = Mentions(people=(one,)) if what == "people" else Mentions(companies=(one,))
        if any(
            label.confidence == self_reported.NAMED
            for label in self_reported.classify(text, alone.known)
        ):
            yield one


def _warning(text: str, at: datetime, found: Mentions, ring: ReferrerLookup) -> Iterator[Hint]:
    """Whom a warning names: kept with its reason, and never credited."""
    for one in found.people:
        humans = speaking(one.ids, ring, at)
        yield Hint(humans[0], "negative_wom", 0, at, f'"{spoken(text)}" names them', humans[1:])
    for firm in found.companies:
        yield Hint(None, f"negative_wom:{firm.ids[0]}", 0, at, f'"{spoken(text)}" names a customer')


def judge(
    hint: Hint,
    target: str,
    referred: ContactFacts | None,
    referred_company: int | None,
    ring: ReferrerLookup,
) -> Referral:
    """Apply the guards to a hint."""
    referrer = ring.contacts.get(hint.referrer_id) if hint.referrer_id is not None else None
    if referrer is not None:
        company = employer(referrer, ring.companies)
    else:
        _, _, named = hint.how.partition(":")
        company = int(named) if named else None
    goal = referred_company if referred is None else employer(referred, ring.companies)
    person = None if referrer is None else ring.person(referrer.id)
    why_not = _rejection(referrer, company, referred, goal, ring)
    if hint.how.startswith("negative_wom"):
        why_not = WARNS
    at = hint.at or (referred.created_at if referred else None)
    from_customer = ring.is_customers(person, company, at)
    expansion = goal is not None and at is not None and ring.is_customer(goal, at)
    status = "rejected" if why_not else "review" if hint.others else "auto"
    fitting = [referrer.id, *hint.others] if referrer else []
    evidence = (*(f"contact:{one}" for one in fitting), target)
    reasons = [Reason(hint.how.partition(":")[0], hint.text, at, evidence, hint.p)]
    if why_not:
        reasons.append(Reason("rejected", why_not, at, evidence))
    return Referral(
        None if referrer is None else referrer.id,
        person,
        company,
        target,
        at,
        hint.how.partition(":")[0],
        hint.p,
        status,
        from_customer,
        expansion,
        tuple(reasons),
        _arrival(referred, person, company, goal, ring),
    )


def _arrival(
    referred: ContactFacts | None,
    person: int | None,
    company: int | None,
    goal: int | None,
    ring: ReferrerLookup,
) -> Arrival | None:
    """How it stood when the referred contact came into the CRM; None where a company or deal was referred."""
    if referred is None:
        return None
    at = referred.created_at
    return Arrival(
        at, ring.is_customers(person, company, at), goal is not None and ring.is_customer(goal, at)
    )


def _rejection(
    referrer: ContactFacts | None,
    company: int | None,
    referred: ContactFacts | None,
    goal: int | None,
    ring: ReferrerLookup,
) -> str:
    """Why a recommendation does not count, or ""."""
    if referrer is None and company is None:
        return "the referrer is not in the CRM"
    if companies.same_company(ring.companies, company, goal):
        return "referrer and referred are one company"
    if referrer is None:
        return ""
    own = {domain_of(email) for email in referrer.emails}
    if own & ring.companies.own_domains:
        return "the referrer is our own staff"
    if referred is None:
        return ""
    if ring.person_of.get(referrer.id, referrer.id) == ring.person_of.get(referred.id, referred.id):
        return "referrer and referred are one person"
    if _numbers(referrer) & _numbers(referred):
        return "referrer and referred share a phone"
    return ""


def _numbers(contact: ContactFacts) -> set[str]:
    """Numbers that can be compared: a local one may be anybody's in another country."""
    return {number for number in contact.phones + contact.mobiles if number.startswith("+")}
