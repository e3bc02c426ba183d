"""Same human, different record: evidence in bits between records that share a block, and the groups it makes."""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from mappings.remembered import remembered
from mappings.rules import companies, jobs, names
from mappings.rules.addresses import clean_email, is_contractor, is_free, is_role, local_of
from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Link, Person, Reason
from mappings.rules.names import NameStats
from mappings.rules.policy import Policy

# Namesakes that chance would put into the portal, as powers of two: 1/64, 1/16 and 1.
_SINGULAR, _RARE, _COMMON = -6.0, -4.0, 0.0


@dataclass(frozen=True, slots=True)
class Portal:
    """What identity needs to know about the portal as a whole.

    `phone_holders` says how many differently named persons have a number; `decisions` are people's answers:
    True same, False different, by ordered pair of contact ids.
    """

    companies: Directory = field(default_factory=Directory)
    names: NameStats = field(default_factory=NameStats)
    phone_holders: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[tuple[int, int], bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Contacts as persons, and the pairs a human should look at."""

    persons: tuple[Person, ...]
    reviews: tuple[Link, ...]


def probability(bits: float) -> int:
    """The probability (ppm) that *bits* of evidence, prior included, stand for."""
    return round(PPM / (1.0 + math.exp2(-max(-60.0, min(60.0, bits)))))


def all_emails(contact: ContactFacts) -> frozenset[str]:
    """Every personal address the record has or had; function addresses are left out."""
    past = [clean_email(version.value) for version in contact.history.get("email", ())]
    return frozenset([email for email in (*contact.emails, *past) if email and not is_role(email)])


def is_role_record(contact: ContactFacts) -> bool:
    """Whether the record stands for a mailbox and not a human."""
    return bool(contact.emails) and all(map(is_role, contact.emails))


def block_keys(contact: ContactFacts) -> frozenset[str]:
    """Keys under which records are worth comparing; records without a common key are never compared."""
    if is_role_record(contact):
        return frozenset()
    keys = {f"mail:{email}" for email in all_emails(contact)}
    keys |= {f"phone:{number}" for number in contact.mobiles}
    if contact.profile:
        keys.add(f"profile:{contact.profile}")
    keys |= {f"record:{one}" for one in (contact.id, *contact.merged_ids)}
    return frozenset(keys | _name_keys(names.tokens(contact.first_name), names.tokens(contact.last_name)))


def _name_keys(first: tuple[str, ...], last: tuple[str, ...]) -> set[str]:
    if not (first and last):
        return set()
    keys = {"name:" + " ".join(sorted(first + last))}
    for given, family in ((first, last), (last, first)):
        keys.add(f"initial:{family[-1]} {given[0][0]}")
        keys.add(f"initial:{family[0]} {given[0][0]}")
        keys |= {f"nick:{' '.join(family)} {form}" for form in names.given_forms(given[0])}
        keys.add(f"near:{given[0]} {family[-1][:2]}")
    return keys


def compare(a: ContactFacts, b: ContactFacts, portal: Portal, policy: Policy) -> Link:
    """Weigh what speaks for two records being one human."""
    if (b.created_at, b.id) < (a.created_at, a.id):
        a, b = b, a
    low, high = min(a.id, b.id), max(a.id, b.id)
    decided = portal.decisions.get((low, high))
    if decided is not None:
        text = "a person decided that they are the same" if decided else "a person decided that they differ"
        return _settled(low, high, same=decided, reason=Reason("human_decision", text, strength=PPM))
    if b.id in a.merged_ids or a.id in b.merged_ids:
        reason = Reason("merged", "the records were merged in HubSpot", strength=PPM)
        return _settled(low, high, same=True, reason=reason)
    if is_role_record(a) or is_role_record(b):
        return _settled(low, high, same=False, reason=Reason("role_address", "one is a shared mailbox"))
    evidence = tuple(_evidence(a, b, portal, policy))
    total = sum(bits for bits, _ in evidence)
    p = probability(total + policy.prior_bits)
    reasons = tuple(reason for _, reason in sorted(evidence, key=lambda one: (-one[0], one[1].code)))
    return Link(low, high, total, p, _decision(p, policy), reasons)


def _settled(a: int, b: int, *, same: bool, reason: Reason) -> Link:
    bits = 60.0 if same else -60.0
    return Link(a, b, bits, PPM if same else 0, "link" if same else "none", (reason,), certain=True)


def _decision(p: int, policy: Policy) -> str:
    if p >= policy.link_at:
        return "link"
    return "review" if p >= policy.link_review_at else "none"


Evidence = tuple[float, Reason]


def _evidence(old: ContactFacts, new: ContactFacts, portal: Portal, policy: Policy) -> Iterator[Evidence]:
    """All evidence between a record and one created later."""
    if old.profile and old.profile == new.profile:
        yield policy.profile_bits, Reason("same_profile", f"same profile {new.profile}")
    yield from _address_evidence(old, new, portal, policy)
    yield from _phone_evidence(old, new, portal, policy)
    yield from _name_evidence(old, new, portal, policy)
    yield from _job_evidence(old, new, policy)
    yield from _life_evidence(old, new, portal, policy)


def _address_evidence(old: ContactFacts, new: ContactFacts, portal: Portal, policy: Policy) -> Iterator[Evidence]:
    shared = sorted(all_emails(old) & all_emails(new))
    free = [email for email in shared if is_free(email, portal.companies.free_hosts)]
    if free:
        yield policy.free_mail_bits, Reason("same_private_address", f"both have the address {free[0]}")
    elif shared:
        yield policy.same_email_bits, Reason("same_address", f"both have or had the address {shared[0]}")
    elif any(_pattern(x) == _pattern(y) != "" for x in old.emails[:1] for y in new.emails[:1] if not is_contractor(y)):
        yield policy.local_part_bits, Reason("same_address_pattern", "the addresses are formed alike")


@remembered(1 << 14)
def _pattern(email: str) -> str:
    return re.sub(r"\d+$", "", local_of(email))


def _phone_evidence(old: ContactFacts, new: ContactFacts, portal: Portal, policy: Policy) -> Iterator[Evidence]:
    for number in sorted(set(old.mobiles).intersection(new.mobiles)) if old.mobiles else ():
        shared_by = portal.phone_holders.get(number, 1)
        if shared_by > policy.switchboard_persons:
            yield policy.switchboard_bits, Reason("switchboard", f"both have {number}, as have {shared_by} people")
        else:
            yield policy.mobile_bits, Reason("same_mobile", f"both have the mobile {number}")
        return


def _name_evidence(old: ContactFacts, new: ContactFacts, portal: Portal, policy: Policy) -> Iterator[Evidence]:
    how = names.compare(old.first_name, old.last_name, new.first_name, new.last_name)
    if not how:
        return
    chance = max(names.namesakes(portal.names, one.first_name, one.last_name) for one in (old, new))
    bits = name_bits(chance, policy)
    if how == "exact":
        yield bits, Reason("same_name", f"both are called {names.spoken(new.name)}")
    else:
        less = {
            "middle": policy.middle_name_bits,
            "nickname": policy.nickname_bits,
            "typo": policy.typo_bits,
            "compound": policy.compound_bits,
            "initial": policy.initial_bits,
        }
        yield (
            bits + less[how],
            Reason(f"name_{how}", f"{names.spoken(old.name)} and {names.spoken(new.name)} can be one name"),
        )


def name_bits(chance: float, policy: Policy) -> float:
    """Bits for an equal full name, by how many namesakes chance alone would put into this portal.

    None to speak of makes the name singular; one and more makes it common; straight lines in between.
    """
    corners = (
        (_SINGULAR, policy.singular_name_bits),
        (_RARE, policy.rare_name_bits),
        (_COMMON, policy.common_name_bits),
    )
    level = min(max(math.log2(chance), _SINGULAR), _COMMON) if chance > 0 else _SINGULAR
    (x0, y0), (x1, y1) = corners[:2] if level <= _RARE else corners[1:]
    return y0 + (y1 - y0) * (level - x0) / (x1 - x0)


def _job_evidence(old: ContactFacts, new: ContactFacts, policy: Policy) -> Iterator[Evidence]:
    if jobs.same_title(old.job_title, new.job_title):
        yield policy.same_title_bits, Reason("same_title", f"both are {names.spoken(new.job_title)}")
    elif (found := jobs.family(old.job_title)) and found == jobs.family(new.job_title):
        yield policy.job_family_bits, Reason("same_job_family", f"both work in {found}")


def last_life(contact: ContactFacts) -> datetime | None:
    """The last time the person showed up behind this record."""
    reply, activity = contact.last_reply_at, contact.last_activity_at
    return max(reply, activity) if reply and activity else reply or activity


def gone_at(contact: ContactFacts) -> datetime | None:
    """When the CRM learned that the address or job behind this record is no more."""
    found = [at for at in (contact.bounced_at, contact.left_company_at, contact.job_change_at) if at]
    return min(found) if found else None


def _life_evidence(old: ContactFacts, new: ContactFacts, portal: Portal, policy: Policy) -> Iterator[Evidence]:
    gone, seen, start = gone_at(old), last_life(old), new.created_at
    before, after = timedelta(policy.old_gone_before_days), timedelta(policy.old_gone_after_days)
    if gone and start - before <= gone <= start + after:
        yield policy.old_gone_bits, Reason("old_record_gone", f"the older record went dead on {gone:%Y-%m-%d}")
    elif seen and seen <= start:
        yield (
            policy.old_silent_bits,
            Reason("old_record_silent", f"the older record is silent since {seen:%Y-%m-%d}"),
        )
    if seen and seen > start + timedelta(policy.old_alive_days) and not _one_employer(old, new, portal):
        yield policy.old_alive_bits, Reason("old_record_alive", f"the older record was active on {seen:%Y-%m-%d}")


def _one_employer(a: ContactFacts, b: ContactFacts, portal: Portal) -> bool:
    one, two = (employer(contact, portal.companies) for contact in (a, b))
    return one is None or two is None or bool(companies.same_company(portal.companies, one, two))


def employer(contact: ContactFacts, known: Directory) -> int | None:
    """The company the record now stands for: by address, else primary company, else the typed name."""
    for email in contact.emails[:1]:
        if (found := companies.of_email(known, email)) is not None:
            return found
    if contact.company_ids:
        return companies.survivor(known, contact.company_ids[0])
    return companies.of_text(known, contact.company_text)


def group_people(contacts: Collection[ContactFacts], portal: Portal, policy: Policy) -> Grouping:
    """Group records into persons. Two records are never joined only because both resemble a third."""
    by_id = {contact.id: contact for contact in contacts}
    links = [compare(by_id[a], by_id[b], portal, policy) for a, b in sorted(candidate_pairs(contacts))]
    weights = {(link.a, link.b): link for link in links}
    groups: dict[int, list[int]] = {one: [one] for one in by_id}
    for link in sorted(links, key=lambda one: (-one.bits, one.a, one.b)):
        left, right = groups[link.a], groups[link.b]
        if link.decision == "link" and left is not right and _may_join(left, right, weights, link):
            left.extend(right)
            groups.update(dict.fromkeys(right, left))
    members = {min(group): tuple(sorted(group)) for group in groups.values()}
    reviews = tuple(link for link in links if link.decision == "review" and groups[link.a] is not groups[link.b])
    return Grouping(tuple(_person(ids, weights) for _, ids in sorted(members.items())), reviews)


def candidate_pairs(contacts: Iterable[ContactFacts]) -> set[tuple[int, int]]:
    """Pairs of ids that share a block."""
    blocks: dict[str, list[int]] = {}
    for contact in contacts:
        for key in block_keys(contact):
            blocks.setdefault(key, []).append(contact.id)
    return {pair for ids in blocks.values() for pair in combinations(sorted(ids), 2)}


def _may_join(left: Sequence[int], right: Sequence[int], weights: Mapping[tuple[int, int], Link], link: Link) -> bool:
    """Every pair across must have evidence of its own; a human's no always holds."""
    for a in left:
        for b in right:
            found = weights.get((min(a, b), max(a, b)))
            if found is not None and found.certain and found.decision == "none":
                return False
            if not link.certain and (found is None or found.bits <= 0):
                return False
    return True


def _person(ids: tuple[int, ...], weights: Mapping[tuple[int, int], Link]) -> Person:
    links = tuple(weights[pair] for pair in combinations(ids, 2) if pair in weights)
    firm = [link.p for link in links if link.decision == "link"]
    return Person(ids[0], ids, min(firm, default=PPM), links)
