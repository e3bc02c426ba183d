"""Record linkage: pairs of contact records weighed in bits, and grouped into persons.

The weights add up as in Fellegi and Sunter's model: log2 of the likelihood ratio of each agreement.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from mappings.rules.facts import PPM, ContactFacts
from mappings.rules.findings import IdentityLink, Person, Reason
from mappings.rules.identity.blocking import block_keys, candidate_pairs
from mappings.rules.identity.frequencies import Frequencies
from mappings.rules.identity.match_weights import most_without_names, weigh
from mappings.rules.identity.record_profile import (
    all_emails,
    employer,
    gone_at,
    is_role_record,
    last_life,
)
from mappings.rules.policy import Policy

__all__ = [
    "Frequencies",
    "Grouping",
    "all_emails",
    "block_keys",
    "candidate_pairs",
    "compare",
    "employer",
    "gone_at",
    "group_people",
    "is_role_record",
    "last_life",
    "needs_names",
    "pairs_to_weigh",
    "probability",
]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Contacts as persons, and the pairs a human should look at."""

    persons: tuple[Person, ...]
    reviews: tuple[IdentityLink, ...]


_CERTAIN = 60.0
"""Bits that stand for certainty: more make no difference to a probability in ppm."""


def probability(bits: float) -> int:
    """The probability (ppm) that *bits* of evidence, prior included, stand for."""
    return round(PPM / (1.0 + math.exp2(-max(-_CERTAIN, min(_CERTAIN, bits)))))


def compare(a: ContactFacts, b: ContactFacts, portal: Frequencies, policy: Policy) -> IdentityLink:
    """Weigh the evidence for and against two records being one human."""
    low, high = min(a.id, b.id), max(a.id, b.id)
    certain = _decided(portal, low, high) or _certain(a, b)
    if certain is not None:
        return certain
    old, new = sorted((a, b), key=lambda contact: (contact.created_at, contact.id))
    evidence = list(weigh(old, new, portal, policy))
    total = sum(bits for bits, _ in evidence)
    p = probability(total + policy.prior_bits)
    evidence.sort(key=lambda weighed: (-weighed[0], weighed[1].code))
    reasons = tuple(reason for _, reason in evidence)
    return IdentityLink(low, high, total, p, _decision(p, policy), reasons)


def _decided(portal: Frequencies, low: int, high: int) -> IdentityLink | None:
    """The link that a person's answer makes: it outweighs everything else."""
    is_same = portal.decisions.get((low, high))
    if is_same is None:
        return None
    text = f"a person decided that they {'are the same' if is_same else 'differ'}"
    reason = Reason("human_decision", text, strength=PPM)
    return _same(low, high, reason) if is_same else _different(low, high, reason)


def _certain(a: ContactFacts, b: ContactFacts) -> IdentityLink | None:
    """The link of two records that need no weighing."""
    low, high = min(a.id, b.id), max(a.id, b.id)
    if b.id in a.merged_ids or a.id in b.merged_ids:
        reason = Reason("merged", "the records were merged in HubSpot", strength=PPM)
        return _same(low, high, reason)
    # A shared mailbox is no human.
    if is_role_record(a) or is_role_record(b):
        return _different(low, high, Reason("role_address", "one is a shared mailbox"))
    return None


def _same(low: int, high: int, reason: Reason) -> IdentityLink:
    return IdentityLink(low, high, _CERTAIN, PPM, "link", (reason,), certain=True)


def _different(low: int, high: int, reason: Reason) -> IdentityLink:
    return IdentityLink(low, high, -_CERTAIN, 0, "none", (reason,), certain=True)


def _decision(p: int, policy: Policy) -> str:
    if p >= policy.link_at:
        return "link"
    return "review" if p >= policy.link_review_at else "none"


def needs_names(policy: Policy) -> bool:
    """Whether two records that share no strong key can only be linked when their names agree."""
    return _decision(probability(most_without_names(policy) + policy.prior_bits), policy) == "none"


def pairs_to_weigh(
    contacts: Collection[ContactFacts], oversized: frozenset[str], policy: Policy
) -> set[tuple[int, int]]:
    """The candidate pairs of contact ids, the lower first: see `blocking.candidate_pairs`."""
    return candidate_pairs(contacts, oversized, alike_only=needs_names(policy))


def group_people(
    contacts: Collection[ContactFacts],
    portal: Frequencies,
    policy: Policy,
    candidates: Collection[tuple[int, int]] | None = None,
) -> Grouping:
    """Group records into persons.

    Two records are never joined only because both resemble a third. *candidates* are their
    `pairs_to_weigh`, where the caller has them already.
    """
    pairs = _Pairs({contact.id: contact for contact in contacts}, portal, policy)
    if candidates is None:
        candidates = pairs_to_weigh(contacts, portal.oversized, policy)
    decided = {pair for pair in portal.decisions if pairs.knows(pair)}
    links = [pairs.link(a, b) for a, b in sorted(decided.union(candidates))]
    groups = _joined(links, pairs)
    members = {min(group): tuple(sorted(group)) for group in groups.values()}
    persons = tuple(_person(members[person_id], pairs) for person_id in sorted(members))
    return Grouping(persons, tuple(_to_review(links, groups)))


def _to_review(
    links: Iterable[IdentityLink], groups: Mapping[int, list[int]]
) -> Iterator[IdentityLink]:
    """Doubtful links between two persons; within one they are settled by others."""
    for link in links:
        if link.decision == "review" and groups[link.a] is not groups[link.b]:
            yield link


def _joined(links: Collection[IdentityLink], pairs: "_Pairs") -> dict[int, list[int]]:
    """The group of each contact id; the members of a group share one list."""
    groups = {contact_id: [contact_id] for contact_id in pairs.contacts}
    # The surest links first: what they join stands when a weaker one is judged.
    for link in sorted(links, key=lambda link: (-link.bits, link.a, link.b)):
        left, right = groups[link.a], groups[link.b]
        if link.decision == "link" and left is not right and _may_join(left, right, pairs, link):
            left.extend(right)
            groups.update(dict.fromkeys(right, left))
    return groups


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Weighed pairs, each weighed once and only when needed."""

    contacts: dict[int, ContactFacts]
    portal: Frequencies
    policy: Policy
    weighed: dict[tuple[int, int], IdentityLink] = field(default_factory=dict)

    def knows(self, pair: tuple[int, int]) -> bool:
        return pair[0] in self.contacts and pair[1] in self.contacts

    def link(self, a: int, b: int) -> IdentityLink:
        pair = (min(a, b), max(a, b))
        if pair not in self.weighed:
            self.weighed[pair] = compare(
                self.contacts[a], self.contacts[b], self.portal, self.policy
            )
        return self.weighed[pair]

    def within(self, ids: Sequence[int]) -> Iterator[IdentityLink]:
        return (self.link(*pair) for pair in combinations(ids, 2))


def _may_join(left: Sequence[int], right: Sequence[int], pairs: _Pairs, link: IdentityLink) -> bool:
    """Whether a link may join two groups."""
    across = [pairs.link(a, b) for a, b in product(left, right)]
    # A person's no holds for the whole group.
    if any(other.certain and other.decision == "none" for other in across):
        return False
    # Every pair needs evidence of its own, unless a person or a merge joins the groups.
    return link.certain or all(other.bits > 0 for other in across)


def _person(ids: tuple[int, ...], pairs: _Pairs) -> Person:
    return Person(ids[0], ids, tuple(pairs.within(ids)))
