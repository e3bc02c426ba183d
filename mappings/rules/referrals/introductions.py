"""Introductions: recommendations that mails and notes tell of, and who worked with whom."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mappings.rules.facts import ContactFacts, DealFacts, Note, Thread
from mappings.rules.findings import Employment, Referral
from mappings.rules.policy import Policy
from mappings.rules.referrals import mentions
from mappings.rules.referrals.referrals import Hint, judge, speaking, undenied
from mappings.rules.referrals.referrer_lookup import ReferrerLookup
from mappings.rules.text import self_reported
from mappings.rules.text.folding import spoken


def of_threads(
    threads: Iterable[Thread], ring: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Introductions by e-mail: a customer's contact and one of us on the first exchange with a prospect."""
    return tuple(one for thread in threads for one in introduced_by(thread, ring, policy))


def introduced_by(thread: Thread, ring: ReferrerLookup, policy: Policy) -> tuple[Referral, ...]:
    """Who introduced a prospect: the sender if a customer wrote, else every customer's contact on the mail.

    Nothing when one of us was not on it or there was contact before; a mail that the prospect wrote
    introduces only when exactly one customer was on it, too.
    """
    if not (thread.by_us and thread.first):
        return ()
    prospect = ring.contacts.get(thread.prospect_id)
    others = [
        one
        for one in ring.humans(thread.contact_ids)
        if ring.person(one) != ring.person(thread.prospect_id)
    ]
    customers = [one for one in others if ring.speaks_for_customer(one, thread.at)]
    wrote = [one for one in customers if one == thread.sender_id]
    meant = wrote or (customers if len(customers) == 1 else [])
    p = policy.referral_signals["introduction_email"]
    return tuple(
        judge(
            Hint(
                one, "introduction_email", p, thread.at, "was on the first e-mail with them and us"
            ),
            f"contact:{thread.prospect_id}",
            prospect,
            None,
            ring,
        )
        for one in meant
    )


def of_notes(
    notes: Iterable[Note], owner: ContactFacts | DealFacts, ring: ReferrerLookup, policy: Policy
) -> tuple[Referral, ...]:
    """Recommendations that a rep wrote down about a contact or deal: a text that names a customer and says so."""
    referred = owner if isinstance(owner, ContactFacts) else None
    goal = None if isinstance(owner, ContactFacts) else owner.company_id
    about = (
        {owner.id}
        if isinstance(owner, ContactFacts)
        else {one.contact_id for one in owner.contacts}
    )
    target = f"{'deal' if referred is None else 'contact'}:{owner.id}"
    return tuple(
        judge(hint, target, referred, goal, ring)
        for note in notes
        for hint in named_in(note, ring, policy)
        if hint.referrer_id not in about
    )


def named_in(note: Note, ring: ReferrerLookup, policy: Policy) -> Iterator[Hint]:
    """Customers whom a note names as having told of us.

    A note names many people for many reasons, so a name alone is not enough: its sentence must
    speak of recommending, and the note's own contacts are those it is about.
    """
    p = policy.referral_signals["note_names_customer"]
    for part in _sentences(note.text):
        if not _says_so(part):
            continue
        found = mentions.find(part, ring)
        said = f'a note says "{spoken(part)}"'
        for one in undenied(part, found.people, "people"):
            fitting = speaking(
                [each for each in one.ids if each not in note.contact_ids], ring, note.at
            )
            if len(fitting) == 1:
                yield Hint(fitting[0], "note_names_customer", p, note.at, said)
            elif fitting:
                yield Hint(
                    fitting[0],
                    "ambiguous",
                    policy.referral_signals["ambiguous"],
                    note.at,
                    said,
                    fitting[1:],
                )
        if not found.people:
            for firm in dict.fromkeys(
                one.ids[0] for one in undenied(part, found.companies, "companies")
            ):
                if ring.is_customer(firm, note.at) and firm not in note.company_ids:
                    yield Hint(None, f"note_names_customer:{firm}", p, note.at, said)


_MOST_SENTENCES = 40


def recommends(note: Note) -> bool:
    """Whether any sentence of a note speaks of recommending: only then is looked for whom it names."""
    return any(_says_so(part) for part in _sentences(note.text))


def _says_so(part: str) -> bool:
    """Whether a sentence speaks of recommending, and not of warning."""
    labels = {one.label for one in self_reported.classify(part) if one.confidence > 0}
    if "negative_wom" in labels:
        return False
    return bool(labels & self_reported.BY_A_PERSON) or self_reported.speaks_of(part, "recommending")


def _sentences(text: str) -> list[str]:
    return [one for one in re.split(r"[.!?\n]+", text[: self_reported.LONGEST]) if one.strip()][
        :_MOST_SENTENCES
    ]


def worked_together(
    prospect: Sequence[Employment], others: Mapping[int, Sequence[Employment]], policy: Policy
) -> tuple[tuple[int, int, int], ...]:
    """Contacts of customers who were at the same company at the same time as a prospect: (contact, company, p).

    A hint whom to ask for an introduction, and never credit.
    """
    p = policy.referral_signals["worked_together"]
    found = {
        (contact, spell.company_id, p)
        for contact, spells in others.items()
        for spell in spells
        for own in prospect
        if own.company_id == spell.company_id and _overlap(own, spell)
    }
    return tuple(sorted(found))


def _overlap(a: Employment, b: Employment) -> bool:
    return (a.until is None or b.since < a.until) and (b.until is None or a.since < b.until)
