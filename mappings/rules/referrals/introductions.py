"""Introductions: recommendations in mails and notes, and former colleagues of a prospect."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from mappings.kinds import ObjectType
from mappings.rules.facts import ContactFacts, DealFacts, Note, Thread
from mappings.rules.findings import Referral
from mappings.rules.policy import Policy
from mappings.rules.referrals import mentions
from mappings.rules.referrals.mentions import Mentions
from mappings.rules.referrals.referrals import Hint, judge, speaking, undenied
from mappings.rules.referrals.referrer_lookup import ReferrerLookup
from mappings.rules.text import self_reported
from mappings.rules.text.folding import spoken


def of_threads(
    threads: Iterable[Thread], lookup: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Introductions by e-mail: a customer's contact on our first exchange with a prospect."""
    introductions = (introduced_by(thread, lookup, policy) for thread in threads)
    return tuple(chain.from_iterable(introductions))


def introduced_by(thread: Thread, lookup: ReferrerLookup, policy: Policy) -> tuple[Referral, ...]:
    """Who introduced a prospect: a customer who wrote, else the only customer on the mail.

    Nothing when one of us was not on it, or when there was contact before.
    """
    if not (thread.by_us and thread.first):
        return ()
    p = policy.referral_signals["introduction_email"]
    text = "was on the first e-mail with them and us"
    hints = [
        Hint(contact_id, "introduction_email", p, thread.at, text)
        for contact_id in _introducers(thread, lookup)
    ]
    prospect = lookup.contacts.get(thread.prospect_id)
    target = f"{ObjectType.CONTACT}:{thread.prospect_id}"
    return tuple(judge(hint, target, prospect, None, lookup) for hint in hints)


def _introducers(thread: Thread, lookup: ReferrerLookup) -> list[int]:
    prospect = lookup.person(thread.prospect_id)
    others = [
        contact_id
        for contact_id in lookup.humans(thread.contact_ids)
        if lookup.person(contact_id) != prospect
    ]
    customers = [other for other in others if lookup.speaks_for_customer(other, thread.at)]
    if thread.sender_id in customers:
        return [thread.sender_id]
    # Of several customers on a mail nobody knows which one introduced.
    return customers if len(customers) == 1 else []


def of_notes(
    notes: Iterable[Note], owner: ContactFacts | DealFacts, lookup: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Recommendations that a rep wrote down about a contact or deal."""
    hints = list(chain.from_iterable(named_in(note, lookup, policy) for note in notes))
    if isinstance(owner, ContactFacts):
        target = f"{ObjectType.CONTACT}:{owner.id}"
        others = [hint for hint in hints if hint.referrer_id != owner.id]
        return tuple(judge(hint, target, owner, None, lookup) for hint in others)
    target = f"{ObjectType.DEAL}:{owner.id}"
    buyers = {contact.contact_id for contact in owner.contacts}
    others = [hint for hint in hints if hint.referrer_id not in buyers]
    return tuple(judge(hint, target, None, owner.company_id, lookup) for hint in others)


def named_in(note: Note, lookup: ReferrerLookup, policy: Policy) -> Iterator[Hint]:
    """Customers whom a note names as having recommended us.

    A note names many people for many reasons, so a name alone is not enough: its sentence must
    speak of recommending, and the note's own contacts are those it is about.
    """
    for sentence in _sentences(note.text):
        if not _recommends(sentence):
            continue
        named = mentions.find(sentence, lookup)
        yield from _people_in(sentence, named, note, lookup, policy)
        if not named.people:
            yield from _companies_in(sentence, named, note, lookup, policy)


def _people_in(
    sentence: str, named: Mentions, note: Note, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    text = f'a note says "{spoken(sentence)}"'
    for person in undenied(sentence, named.people, "people"):
        others = [contact_id for contact_id in person.ids if contact_id not in note.contact_ids]
        fitting = speaking(others, lookup, note.at)
        if fitting:
            how = "note_names_customer" if len(fitting) == 1 else "ambiguous"
            yield Hint(
                fitting[0], how, policy.referral_signals[how], note.at, text, tuple(fitting[1:])
            )


def _companies_in(
    sentence: str, named: Mentions, note: Note, lookup: ReferrerLookup, policy: Policy
) -> Iterator[Hint]:
    p = policy.referral_signals["note_names_customer"]
    text = f'a note says "{spoken(sentence)}"'
    companies = undenied(sentence, named.companies, "companies")
    for company_id in dict.fromkeys(company.ids[0] for company in companies):
        if lookup.is_customer(company_id, note.at) and company_id not in note.company_ids:
            yield Hint(None, f"note_names_customer:{company_id}", p, note.at, text)


_MOST_SENTENCES = 40


def recommends(note: Note) -> bool:
    """Whether any sentence of a note speaks of recommending; others need no look at names."""
    return any(_recommends(sentence) for sentence in _sentences(note.text))


def _recommends(sentence: str) -> bool:
    """Whether a sentence speaks of recommending, and not of warning."""
    labels = {label.label for label in self_reported.classify(sentence) if label.confidence > 0}
    if "negative_wom" in labels:
        return False
    if labels & self_reported.BY_A_PERSON:
        return True
    return self_reported.speaks_of(sentence, "recommending")


def _sentences(text: str) -> list[str]:
    parts = re.split(r"[.!?\n]+", text[: self_reported.LONGEST])
    return [part for part in parts if part.strip()][:_MOST_SENTENCES]
