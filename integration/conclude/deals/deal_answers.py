"""Deal answers: the self-reported attribution of a deal, as labels of the answers about it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from integration.conclude.batch import Batch
from integration.portal.occurrence import refs
from integration.storage.findings import answer_labels
from mappings.kinds import ObjectType
from mappings.rules.attribution.sources import HeardLabel
from mappings.rules.facts import SELF_REPORTED, ContactFacts, DealFacts, MappedText, texts_of
from mappings.rules.findings import Referral
from mappings.rules.referrals.referrals import FORMER_JOB
from mappings.rules.text import model_labels, self_reported

# These referrals were read from an answer that names somebody.
_NAMED = frozenset({"named_person", "named_company", "ambiguous", FORMER_JOB})
ModelLabels = Mapping[tuple[str, str], Mapping[str, int]]
"""A language model's labels with their confidence (ppm), by record ("deal:7") and place."""


class _Answer(NamedTuple):
    """A text, since when it stands there, whose record holds it, and whose answer it counts as.

    `stands_for` is the deal where nobody can tell who of its people answered.
    """

    text: MappedText
    at: datetime
    owner: str
    contact_id: int
    stands_for: str = ""


def labels(
    deal: DealFacts,
    persons: Mapping[int, int],
    contacts: Mapping[int, ContactFacts],
    members: Mapping[int, Sequence[int]],
    referrals: Iterable[Referral],
    suggested: ModelLabels,
) -> Iterator[HeardLabel]:
    """What answers say of word of mouth: of the deal itself, and of the people on it.

    *persons* are those on the deal, with the record of theirs that is on it; *members* all their
    records. A text that names a person or company we know is judged as a referral alone.
    """
    named = _naming(referrals)
    for answer in (*_of_deal(deal, persons), *_of_people(deal, persons, contacts, members)):
        if answer.owner in named:
            continue
        by_phrases = self_reported.classify(answer.text.text)
        by_model = suggested.get((answer.owner, answer.text.place), {})
        for label in model_labels.completed(by_phrases, by_model):
            yield HeardLabel(label, answer.contact_id, answer.at, answer.stands_for)


def model_labels_of(
    batch: Batch, deal_ids: Iterable[int], contact_ids: Iterable[int]
) -> dict[tuple[str, str], dict[str, int]]:
    """What a model said of these records' texts; nothing where none is asked."""
    if not batch.policy.ask_language_model:
        return {}
    owners = sorted(refs(ObjectType.DEAL, deal_ids) | refs(ObjectType.CONTACT, contact_ids))
    labels_of: dict[tuple[str, str], dict[str, int]] = {}
    for row in answer_labels.by_model(batch.tx, owners):
        key = (f"{row.owner_type}:{row.owner_id}", row.place)
        labels_of.setdefault(key, {})[row.label] = row.confidence
    return labels_of


def _naming(referrals: Iterable[Referral]) -> Collection[str]:
    """The records ("contact:12") on whose answers these referrals rest."""
    records: set[str] = set()
    for referral in referrals:
        if referral.how in _NAMED:
            evidence = (reason.evidence for reason in referral.reasons)
            records.update(chain.from_iterable(evidence))
    return records


def _of_deal(deal: DealFacts, persons: Mapping[int, int]) -> Iterator[_Answer]:
    """The deal's own answers, put down to the contact with the lowest id."""
    if not persons:
        return
    contact_id, owner = min(persons.values()), f"deal:{deal.id}"
    stands_for = owner if len(persons) > 1 else ""
    for text in texts_of(deal, *SELF_REPORTED):
        yield _Answer(text, text.at or deal.created_at, owner, contact_id, stands_for)


def _of_people(
    deal: DealFacts,
    persons: Mapping[int, int],
    contacts: Mapping[int, ContactFacts],
    members: Mapping[int, Sequence[int]],
) -> Iterator[_Answer]:
    for person_id, contact_id in sorted(persons.items()):
        for member_id in members[person_id]:
            member = contacts.get(member_id)
            if member is not None and not member.archived and _concerns(deal, member):
                yield from _of_contact(member, contact_id)


def _of_contact(contact: ContactFacts, counted_as: int) -> Iterator[_Answer]:
    """A contact's answers, put down to the record of the same person that is on the deal."""
    for text in texts_of(contact, *SELF_REPORTED):
        yield _Answer(text, text.at or contact.created_at, f"contact:{contact.id}", counted_as)


def _concerns(deal: DealFacts, contact: ContactFacts) -> bool:
    """Whether an answer can be about this deal.

    Somebody at another company told how that one came to us.
    """
    is_on_deal = any(member.contact_id == contact.id for member in deal.contacts)
    return is_on_deal or not contact.company_ids or deal.company_id in contact.company_ids
