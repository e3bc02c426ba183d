"""Referrals: who recommended us to whom, by label, code, mapped field or a name in an answer, with the guards."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mappings.rules import companies, names
from mappings.rules.addresses import clean_email, domain_of
from mappings.rules.facts import ContactFacts, DealFacts, Directory, ReferralLink
from mappings.rules.findings import Reason, Referral
from mappings.rules.identity import employer
from mappings.rules.names import LONGEST, fold, given_forms, spoken
from mappings.rules.policy import Policy

_LONGEST_NAME = 4  # words
_DIGITS_OF_INT64 = 19


def _never(_company: int, _at: datetime) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Circle:
    """Who could have recommended us, as lookups that may be as lazy as the caller likes.

    `by_email` and `by_name` (folded, see `names.full_key`) lead to contact ids; `at_company` lists a company's
    contacts; `codes` are tracked codes, casefolded; `champions` are persons that count as former champions.
    """

    contacts: Mapping[int, ContactFacts]
    companies: Directory
    person_of: Mapping[int, int] = field(default_factory=dict)
    by_email: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_name: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    at_company: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    champions: frozenset[int] = frozenset()
    is_customer: Callable[[int, datetime], bool] = _never


def circle(
    contacts: Iterable[ContactFacts],
    known: Directory,
    *,
    person_of: Mapping[int, int] | None = None,
    codes: Mapping[str, int] | None = None,
    champions: frozenset[int] = frozenset(),
    is_customer: Callable[[int, datetime], bool] = _never,
) -> Circle:
    """Build the lookups from contacts in memory."""
    by_id = {contact.id: contact for contact in contacts if not contact.archived}
    by_email: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    at_company: dict[int, list[int]] = {}
    for contact in by_id.values():
        for email in contact.emails:
            by_email.setdefault(email, []).append(contact.id)
        if contact.first_name and contact.last_name:
            by_name.setdefault(names.full_key(contact.first_name, contact.last_name), []).append(contact.id)
        if (company := employer(contact, known)) is not None:
            at_company.setdefault(company, []).append(contact.id)
    return Circle(
        by_id,
        known,
        person_of or {},
        {key: tuple(ids) for key, ids in by_email.items()},
        {key: tuple(ids) for key, ids in by_name.items()},
        {key: tuple(ids) for key, ids in at_company.items()},
        {code.casefold(): contact for code, contact in (codes or {}).items()},
        champions,
        is_customer,
    )


@dataclass(frozen=True, slots=True)
class Hint:
    """A possible referrer before the guards: how it was found, how reliable that is, and who else fits."""

    referrer_id: int | None
    how: str
    p: int
    at: datetime | None
    text: str
    others: tuple[int, ...] = ()


def of_links(links: Iterable[ReferralLink], ring: Circle, policy: Policy) -> tuple[Referral, ...]:
    """Referrals from associations labelled "referred by"."""
    p = policy.referral_signals["association_label"]
    return tuple(
        judge(
            Hint(link.referrer_contact_id, "association_label", p, link.at, f'is labelled "{spoken(link.label)}"'),
            f"{link.referred_type}:{link.referred_id}",
            _target_contact(link, ring),
            link.referred_id if link.referred_type == "company" else None,
            ring,
        )
        for link in links
    )


def _target_contact(link: ReferralLink, ring: Circle) -> ContactFacts | None:
    return ring.contacts.get(link.referred_id) if link.referred_type == "contact" else None


def of_contact(contact: ContactFacts, ring: Circle, policy: Policy) -> tuple[Referral, ...]:
    """Referrals that a contact's own fields tell of."""
    hints = _hints(contact, contact.created_at, ring, policy)
    return tuple(judge(hint, f"contact:{contact.id}", contact, None, ring) for hint in hints)


def of_deal(deal: DealFacts, ring: Circle, policy: Policy) -> tuple[Referral, ...]:
    """Referrals that a deal's own fields tell of."""
    hints = _hints(deal, deal.created_at, ring, policy)
    return tuple(judge(hint, f"deal:{deal.id}", None, deal.company_id, ring) for hint in hints)


def _hints(record: ContactFacts | DealFacts, created: datetime, ring: Circle, policy: Policy) -> Iterator[Hint]:
    p = policy.referral_signals
    if record.referral_code:
        owner = ring.codes.get(code_key(record.referral_code))
        if owner is not None:
            at = record.referral_code_at or created
            yield Hint(
                owner, "tracked_code", p["tracked_code"], at, f"came with the code {spoken(record.referral_code)}"
            )
    if record.referred_by_text:
        hint = from_field(record.referred_by_text, record.referred_by_at or created, ring, policy)
        if hint is not None:
            yield hint
    if record.heard_from_text:
        yield from from_answer(record.heard_from_text, record.heard_from_at or created, ring, policy)


def is_id(text: str) -> bool:
    """Whether a text can be a record's id."""
    return text.strip().isdecimal() and len(text.strip()) < _DIGITS_OF_INT64


def code_key(text: str) -> str:
    """A tracked code in the form in which codes are compared."""
    return text.strip()[:LONGEST].casefold()


def from_field(text: str, at: datetime, ring: Circle, policy: Policy) -> Hint | None:
    """Read a mapped "referred by" field: an address, a contact id, or a name with or without a company."""
    email = clean_email(text)
    if email:
        return _hint(ring.by_email.get(email, ()), "field_email", at, text, policy)
    if is_id(text) and int(text) in ring.contacts:
        return _hint((int(text),), "field_email", at, text, policy)
    person, company = _name_and_company(text, ring.companies)
    ids = ring.by_name.get(" ".join(sorted(names.tokens(person))), ())
    if company is not None:
        there = [one for one in ids if one in ring.at_company.get(company, ())]
        return _hint(tuple(there), "field_name_and_company", at, text, policy)
    humans = {ring.person_of.get(one, one) for one in ids}
    how = "named_person" if len(humans) == 1 else "ambiguous"
    return _hint(tuple(ids), how, at, text, policy) if ids else None


def _name_and_company(text: str, known: Directory) -> tuple[str, int | None]:
    """Split "Maria Lopez (Acme)", "Maria Lopez, Acme" or "Maria Lopez at Acme"."""
    parts = re.split(
        r"\s*[(,;/|\u2013\u2014]\s*|\s+-\s+|\s+(?:at|from|of|von|bei|de|chez)\s+", text.strip().rstrip(")"), maxsplit=1
    )
    return parts[0], companies.of_text(known, parts[1]) if len(parts) > 1 else None


def _hint(ids: tuple[int, ...], how: str, at: datetime, text: str, policy: Policy) -> Hint | None:
    if not ids:
        return None
    said = f'"{spoken(text)}"'
    if len(ids) == 1:
        return Hint(ids[0], how, policy.referral_signals[how], at, f"the record names {said}")
    return Hint(ids[0], "ambiguous", policy.referral_signals["ambiguous"], at, f"{said} fits several", ids[1:])


def from_answer(text: str, at: datetime, ring: Circle, policy: Policy) -> Iterator[Hint]:
    """Persons that a "how did you hear" answer names: by full name, or by first name and company."""
    words = fold(text).split()
    named = _full_names(words, ring) or _first_names_at(words, ring)
    for ids in named:
        humans = {ring.person_of.get(one, one): one for one in sorted(ids, reverse=True)}
        chosen = tuple(sorted(humans.values()))
        yield from filter(None, [_hint(chosen, "named_person", at, text, policy)])
    if not named:
        yield from _named_companies(words, text, at, ring, policy)


def _spans(words: list[str], shortest: int) -> Iterator[tuple[str, ...]]:
    for size in range(_LONGEST_NAME, shortest - 1, -1):
        for start in range(len(words) - size + 1):
            yield tuple(words[start : start + size])


def _full_names(words: list[str], ring: Circle) -> list[tuple[int, ...]]:
    found = [ids for span in _spans(words, 2) if (ids := ring.by_name.get(" ".join(sorted(span))))]
    return list(dict.fromkeys(found))


def _companies_in(words: list[str], ring: Circle) -> list[int]:
    known = ring.companies
    found = [one for span in _spans(words, 1) if (one := known.by_name.get(" ".join(span))) is not None]
    return list(dict.fromkeys(companies.survivor(known, one) for one in found))


def _first_names_at(words: list[str], ring: Circle) -> list[tuple[int, ...]]:
    """Contacts of a named company whose first name also stands in the text."""
    found = []
    for company in _companies_in(words, ring):
        ids = tuple(
            one
            for one in ring.at_company.get(company, ())
            if (first := names.tokens(ring.contacts[one].first_name))
            and any(word == first[0] or first[0] in given_forms(word) for word in words)
        )
        if ids:
            found.append(ids)
    return found


def _named_companies(words: list[str], text: str, at: datetime, ring: Circle, policy: Policy) -> Iterator[Hint]:
    """A customer company named without a person: the referral is the company's, nobody's in particular."""
    found = [one for one in _companies_in(words, ring) if ring.is_customer(one, at)]
    if len(found) == 1:
        p = policy.referral_signals["named_company"]
        yield Hint(None, f"named_company:{found[0]}", p, at, f'the answer "{spoken(text)}" names a customer')


def judge(
    hint: Hint, target: str, referred: ContactFacts | None, referred_company: int | None, ring: Circle
) -> Referral:
    """Apply the guards to a hint."""
    referrer = ring.contacts.get(hint.referrer_id) if hint.referrer_id is not None else None
    if referrer is not None:
        company = employer(referrer, ring.companies)
    else:
        _, _, named = hint.how.partition(":")
        company = int(named) if named else None
    goal = referred_company if referred is None else employer(referred, ring.companies)
    person = None if referrer is None else ring.person_of.get(referrer.id, referrer.id)
    why_not = _rejection(referrer, company, referred, goal, ring)
    at = hint.at or (referred.created_at if referred else None)
    from_customer = _is_customer_person(person, company, at, ring)
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
    )


def _is_customer_person(person: int | None, company: int | None, at: datetime | None, ring: Circle) -> bool:
    if person is not None and person in ring.champions:
        return True
    return company is not None and at is not None and ring.is_customer(company, at)


def _rejection(
    referrer: ContactFacts | None,
    company: int | None,
    referred: ContactFacts | None,
    goal: int | None,
    ring: Circle,
) -> str:
    """Why a recommendation does not count, or ""."""
    if referrer is None and company is None:
        return "the referrer is not in the CRM"
    if companies.same_company(ring.companies, company, goal):
        return "referrer and referred are one company"
    if referrer is None:
        return ""
    cut = ring.companies.registrable
    own = {domain_of(email, cut) for email in referrer.emails}
    if own & ring.companies.own_domains:
        return "the referrer is our own staff"
    if referred is None:
        return ""
    if ring.person_of.get(referrer.id, referrer.id) == ring.person_of.get(referred.id, referred.id):
        return "referrer and referred are one person"
    if set(referrer.phones + referrer.mobiles) & set(referred.phones + referred.mobiles):
        return "referrer and referred share a phone"
    return ""
