"""Hearing: which answers concern a deal, and what they say of word of mouth."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from integration.conclude.batch import Step
from integration.storage.findings import answer_labels
from mappings.rules.facts import SELF_REPORTED, ContactFacts, DealFacts, texts_of
from mappings.rules.findings import Referral
from mappings.rules.text import model_labels, self_reported

_NAMED = frozenset({"named_person", "named_company", "ambiguous"})
Heard = tuple[self_reported.Label, int, datetime]
Opinions = Mapping[tuple[str, str], Mapping[str, int]]
"""A model's labels by record and place."""


class _Words(NamedTuple):
    """A text, the contact it is put down to, since when it stands there, and the record that holds it."""

    text: str
    contact_id: int
    at: datetime
    owner: str
    place: str


def labels(
    deal: DealFacts,
    persons: Mapping[int, int],
    contacts: Mapping[int, ContactFacts],
    members: Mapping[int, Sequence[int]],
    referrals: Iterable[Referral],
    opinions: Opinions,
) -> Iterator[Heard]:
    """What answers say of word of mouth: of the deal itself, and of the people on it.

    *persons* are those on the deal, with the record of theirs that is on it; *members* all their records. A text that
    names a person or company we know is judged as a referral alone.
    """
    named = {
        evidence
        for referral in referrals
        if referral.how in _NAMED
        for reason in referral.reasons
        for evidence in reason.evidence
    }
    for words in (*_of_deal(deal, persons), *_of_people(deal, persons, contacts, members)):
        if words.owner not in named:
            found = model_labels.heard(
                self_reported.classify(words.text), opinions.get((words.owner, words.place), {})
            )
            yield from ((label, words.contact_id, words.at) for label in found)


def opinions_of(
    step: Step, deal_ids: Iterable[int], contact_ids: Iterable[int]
) -> dict[tuple[str, str], dict[str, int]]:
    """What a model said of these records' texts; nothing where none is asked."""
    if not step.policy.ask_language_model:
        return {}
    owners = [*(("deal", one) for one in deal_ids), *(("contact", one) for one in contact_ids)]
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in answer_labels.opinions(step.tx, owners):
        found.setdefault((f"{row.owner_type}:{row.owner_id}", row.place), {})[row.label] = (
            row.confidence
        )
    return found


def _of_deal(deal: DealFacts, persons: Mapping[int, int]) -> Iterator[_Words]:
    if persons:
        who = min(persons.values())
        for said in texts_of(deal, *SELF_REPORTED):
            yield _Words(said.text, who, said.at or deal.created_at, f"deal:{deal.id}", said.place)


def _of_people(
    deal: DealFacts,
    persons: Mapping[int, int],
    contacts: Mapping[int, ContactFacts],
    members: Mapping[int, Sequence[int]],
) -> Iterator[_Words]:
    for person, contact_id in sorted(persons.items()):
        for one in members[person]:
            facts = contacts.get(one)
            if facts is not None and not facts.archived and _concerns(deal, facts):
                for said in texts_of(facts, *SELF_REPORTED):
                    yield _Words(
                        said.text,
                        contact_id,
                        said.at or facts.created_at,
                        f"contact:{one}",
                        said.place,
                    )


def _concerns(deal: DealFacts, facts: ContactFacts) -> bool:
    """Whether an answer can be about this deal: at another company somebody told how that one came to us."""
    on_it = any(one.contact_id == facts.id for one in deal.contacts)
    return on_it or not facts.company_ids or deal.company_id in facts.company_ids
