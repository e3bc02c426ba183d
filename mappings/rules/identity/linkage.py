"""Same human, different record: pairs weighed in bits, and the groups that the weights make."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from mappings.rules.facts import PPM, ContactFacts
from mappings.rules.findings import IdentityLink, Person, Reason
from mappings.rules.identity.blocking import block_keys, candidate_pairs
from mappings.rules.identity.match_weights import (
    NameFrequencies,
    most_without_names,
    name_bits,
    weigh,
)
from mappings.rules.identity.record_profile import (
    all_emails,
    employer,
    gone_at,
    is_role_record,
    last_life,
)
from mappings.rules.policy import Policy

__all__ = [
    "Grouping",
    "NameFrequencies",
    "all_emails",
    "block_keys",
    "candidate_pairs",
    "compare",
    "employer",
    "gone_at",
    "group_people",
    "is_role_record",
    "last_life",
    "name_bits",
    "needs_names",
    "probability",
]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Contacts as persons, and the pairs a human should look at."""

    persons: tuple[Person, ...]
    reviews: tuple[IdentityLink, ...]


def probability(bits: float) -> int:
    """The probability (ppm) that *bits* of evidence, prior included, stand for."""
    return round(PPM / (1.0 + math.exp2(-max(-60.0, min(60.0, bits)))))


def compare(
    a: ContactFacts, b: ContactFacts, portal: NameFrequencies, policy: Policy
) -> IdentityLink:
    """Weigh what speaks for two records being one human."""
    if (b.created_at, b.id) < (a.created_at, a.id):
        a, b = b, a
    low, high = min(a.id, b.id), max(a.id, b.id)
    decided = portal.decisions.get((low, high))
    if decided is not None:
        text = (
            "a person decided that they are the same"
            if decided
            else "a person decided that they differ"
        )
        return _settled(
            low, high, same=decided, reason=Reason("human_decision", text, strength=PPM)
        )
    if b.id in a.merged_ids or a.id in b.merged_ids:
        reason = Reason("merged", "the records were merged in HubSpot", strength=PPM)
        return _settled(low, high, same=True, reason=reason)
    if is_role_record(a) or is_role_record(b):
        return _settled(
            low, high, same=False, reason=Reason("role_address", "one is a shared mailbox")
        )
    evidence = tuple(weigh(a, b, portal, policy))
    total = sum(bits for bits, _ in evidence)
    p = probability(total + policy.prior_bits)
    reasons = tuple(
        reason for _, reason in sorted(evidence, key=lambda one: (-one[0], one[1].code))
    )
    return IdentityLink(low, high, total, p, _decision(p, policy), reasons)


def _settled(a: int, b: int, *, same: bool, reason: Reason) -> IdentityLink:
    bits = 60.0 if same else -60.0
    return IdentityLink(
        a, b, bits, PPM if same else 0, "link" if same else "none", (reason,), certain=True
    )


def _decision(p: int, policy: Policy) -> str:
    if p >= policy.link_at:
        return "link"
    return "review" if p >= policy.link_review_at else "none"


def needs_names(policy: Policy) -> bool:
    """Whether two records that share nothing strong are never worth a look unless their names agree."""
    return _decision(probability(most_without_names(policy) + policy.prior_bits), policy) == "none"


def group_people(
    contacts: Collection[ContactFacts], portal: NameFrequencies, policy: Policy
) -> Grouping:
    """Group records into persons. Two records are never joined only because both resemble a third."""
    pairs = _Pairs({contact.id: contact for contact in contacts}, portal, policy)
    asked = candidate_pairs(contacts, portal.crowded, alike_only=needs_names(policy))
    asked |= {pair for pair in portal.decisions if pairs.knows(pair)}
    links = [pairs.link(a, b) for a, b in sorted(asked)]
    groups: dict[int, list[int]] = {one: [one] for one in pairs.contacts}
    for link in sorted(links, key=lambda one: (-one.bits, one.a, one.b)):
        left, right = groups[link.a], groups[link.b]
        if link.decision == "link" and left is not right and _may_join(left, right, pairs, link):
            left.extend(right)
            groups.update(dict.fromkeys(right, left))
    members = {min(group): tuple(sorted(group)) for group in groups.values()}
    reviews = tuple(
        link for link in links if link.decision == "review" and groups[link.a] is not groups[link.b]
    )
    return Grouping(tuple(_person(ids, pairs) for _, ids in sorted(members.items())), reviews)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Weighed pairs, each looked at once and only when asked for."""

    contacts: dict[int, ContactFacts]
    portal: NameFrequencies
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
    """Every pair across must have evidence of its own; a human's no always holds, and a yes needs no evidence."""
    across = [pairs.link(a, b) for a in left for b in right]
    if any(one.certain and one.decision == "none" for one in across):
        return False
    return link.certain or all(one.bits > 0 for one in across)


def _person(ids: tuple[int, ...], pairs: _Pairs) -> Person:
    links = tuple(pairs.within(ids))
    firm = [link.p for link in links if link.decision == "link"]
    return Person(ids[0], ids, min(firm, default=PPM), links)
