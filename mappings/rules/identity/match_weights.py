"""Match weights: evidence for and against two records being one human, in bits, with reasons."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

from mappings.caching import cached
from mappings.formats import day
from mappings.rules.facts import PPM, ContactFacts, Directory
from mappings.rules.findings import Reason
from mappings.rules.identity.name_variants import NameVariant, name_variants, spells_out, unspaced
from mappings.rules.identity.record_profile import (
    all_emails,
    gone_at,
    is_private,
    last_life,
    one_employer,
)
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles, names
from mappings.rules.text.address_kinds import is_contractor, is_free, local_of
from mappings.rules.text.names import NameStats, spoken

# Namesakes that chance would put into the portal, as powers of two: 1/64, 1/16 and 1.
_SINGULAR, _RARE, _COMMON = -6.0, -4.0, 0.0

Evidence = tuple[float, Reason]


@dataclass(frozen=True, slots=True)
class NameFrequencies:
    """The portal as far as record linkage depends on it.

    `phone_holders` counts the differently named persons of a number; `decisions` are people's
    answers (True same, False different) by pair of contact ids, the lower first. `oversized` are
    block keys that too many records of the portal share, of which only some may be given.
    """

    companies: Directory = field(default_factory=Directory)
    names: NameStats = field(default_factory=NameStats)
    phone_holders: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    oversized: frozenset[str] = frozenset()


def weigh(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    """All evidence between a record and one created later."""
    yield from _profile_evidence(old, new, policy)
    yield from _address_evidence(old, new, portal, policy)
    yield from _phone_evidence(old, new, portal, policy)
    yield from _name_evidence(old, new, portal, policy)
    yield from _job_evidence(old, new, policy)
    yield from _life_evidence(old, new, portal, policy)


def most_without_names(policy: Policy) -> float:
    """The most bits of two records that share no profile, address, number or name."""
    alternatives = (
        (policy.other_profile_bits,),
        (policy.local_part_bits,),
        (policy.other_mobile_bits,),
        (policy.given_name_bits, policy.other_name_bits),
        (policy.same_title_bits, policy.job_family_bits, policy.other_job_bits),
        (policy.old_gone_bits, policy.old_silent_bits, policy.long_silent_bits),
        (policy.old_alive_bits,),
    )
    return sum(max(0.0, *bits) for bits in alternatives)


def _profile_evidence(old: ContactFacts, new: ContactFacts, policy: Policy) -> Iterator[Evidence]:
    if not (old.profile and new.profile):
        return
    if old.profile == new.profile:
        yield policy.profile_bits, Reason("same_profile", f"same profile {new.profile}")
    else:
        yield (
            policy.other_profile_bits,
            Reason("other_profile", "the records have different profile addresses"),
        )


def _address_evidence(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    shared = sorted(all_emails(old) & all_emails(new))
    free = [email for email in shared if is_free(email, portal.companies.free_hosts)]
    if free:
        yield (
            policy.free_mail_bits,
            Reason("same_private_address", f"both have the address {free[0]}"),
        )
    elif shared:
        yield (
            policy.same_email_bits,
            Reason("same_address", f"both have or had the address {shared[0]}"),
        )
    elif _formed_alike(old.emails, new.emails):
        yield (
            policy.local_part_bits,
            Reason("same_address_pattern", "the addresses are formed alike"),
        )


def _formed_alike(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the primary addresses agree before the @, figures at the end apart.

    A contractor's address follows the client's rules and not the person's.
    """
    if not old or not new or is_contractor(new[0]):
        return False
    return _pattern(old[0]) == _pattern(new[0]) != ""


@cached(1 << 14)
def _pattern(email: str) -> str:
    return re.sub(r"\d+$", "", local_of(email))


def _phone_evidence(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    if not (old.mobiles and new.mobiles):
        return
    number = min(set(old.mobiles).intersection(new.mobiles), default="")
    shared_by = portal.phone_holders.get(number, 1)
    if not number:
        yield (
            policy.other_mobile_bits,
            Reason("other_mobile", "the records have different mobile numbers"),
        )
    elif shared_by > policy.switchboard_persons:
        yield (
            policy.switchboard_bits,
            Reason("switchboard", f"both have {number}, as have {shared_by} people"),
        )
    else:
        yield policy.mobile_bits, Reason("same_mobile", f"both have the mobile {number}")


def _name_evidence(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    """The best agreement between the name variants of two records."""
    old_names, new_names = name_variants(old), name_variants(new)
    agreements = [
        *_agreements(old, new, portal, policy),
        *_spelled(unspaced(old), new_names, portal, policy),
        *_spelled(unspaced(new), old_names, portal, policy),
    ]
    if agreements:
        bits, how = max(agreements)
        yield bits, _name_reason(how, old, new)
    elif old_names and new_names and old_names[0].how == new_names[0].how == "written":
        yield from _half_a_name(old_names[0], new_names[0], portal, policy)


def _agreements(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[tuple[float, str]]:
    """Bits and kind of each agreement between two name variants."""
    for a, b in product(name_variants(old), name_variants(new)):
        if _one_source(a, b, old, new):
            continue
        how = names.agreement(a.given, a.family, b.given, b.family)
        if how:
            yield _agreed(how, a, b, portal, policy), how


def _half_a_name(
    a: NameVariant, b: NameVariant, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    """Evidence of names that do not agree."""
    # A surname may have changed: beside a given name that few bear this is some evidence.
    if a.given == b.given:
        given, stats = " ".join(a.given), portal.names
        if stats.first.get(given, 0) * PPM <= stats.total * policy.given_name_share:
            yield (
                policy.given_name_bits,
                Reason("same_given_name", f"both have the given name {given.title()}"),
            )
    elif a.given[0] != b.given[0]:
        yield policy.other_name_bits, Reason("other_name", "the records bear two different names")


def _one_source(a: NameVariant, b: NameVariant, old: ContactFacts, new: ContactFacts) -> bool:
    """Whether two variants come from one shared profile or address, which counts on its own."""
    if a.how != b.how or a.how == "written":
        return False
    if a.how == "profile":
        return old.profile == new.profile
    return not set(old.emails).isdisjoint(new.emails)


def _name_reason(how: str, old: ContactFacts, new: ContactFacts) -> Reason:
    one, two = spoken(old.name), spoken(new.name)
    if not (one and two):
        return Reason(f"name_{how}", f"{one or two} fits the other record's address")
    if how != "exact":
        return Reason(f"name_{how}", f"{one} and {two} can be one name")
    text = f"both are called {two}" if one == two else f"{one} and {two} are one name"
    return Reason("same_name", text)


def _agreed(
    how: str, a: NameVariant, b: NameVariant, portal: NameFrequencies, policy: Policy
) -> float:
    """Bits of two names that agree, with the deductions for how, and for where they come from."""
    chance = max(_namesakes(a, portal), _namesakes(b, portal))
    less = {
        "exact": 0.0,
        "middle": policy.middle_name_bits,
        "nickname": policy.nickname_bits,
        "short": policy.short_name_bits,
        "typo": policy.typo_bits,
        "compound": policy.compound_bits,
        "initial": policy.initial_bits,
    }
    far = {"written": 0.0, "profile": policy.profile_name_bits, "address": policy.address_name_bits}
    return name_bits(chance, policy) + less[how] + far[a.how] + far[b.how]


def _spelled(
    local: str, others: tuple[NameVariant, ...], portal: NameFrequencies, policy: Policy
) -> Iterator[tuple[float, str]]:
    """Bits of a nameless record's unspaced address that spells the other record's name."""
    for name in others if local else ():
        if how := spells_out(local, name):
            less = policy.address_name_bits + (policy.initial_bits if how == "part" else 0.0)
            yield name_bits(_namesakes(name, portal), policy) + less, "spelled"


def _namesakes(name: NameVariant, portal: NameFrequencies) -> float:
    return names.namesakes(portal.names, " ".join(name.given), " ".join(name.family))


def name_bits(chance: float, policy: Policy) -> float:
    """Bits of an equal full name, by the namesakes that chance alone would put into this portal.

    From 1/64 namesakes down the name is singular, from one up it is common, with 1/16 between;
    on the logarithm of *chance* the bits are interpolated linearly.
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
    if job_titles.same_title(old.job_title, new.job_title):
        yield policy.same_title_bits, Reason("same_title", f"both are {spoken(new.job_title)}")
        return
    one, two = job_titles.family(old.job_title), job_titles.family(new.job_title)
    if one and one == two:
        yield policy.job_family_bits, Reason("same_job_family", f"both work in {one}")
    elif job_titles.is_other(old.job_title, new.job_title):
        text = f"one is {spoken(old.job_title)}, the other {spoken(new.job_title)}"
        yield policy.other_job_bits, Reason("other_job", text)


def _life_evidence(
    old: ContactFacts, new: ContactFacts, portal: NameFrequencies, policy: Policy
) -> Iterator[Evidence]:
    gone, seen, start = gone_at(old), last_life(old), new.created_at
    before, after = timedelta(policy.old_gone_before_days), timedelta(policy.old_gone_after_days)
    if gone and start - before <= gone <= start + after:
        yield (
            policy.old_gone_bits,
            Reason("old_record_gone", f"the older record went dead on {day(gone)}"),
        )
    elif seen and seen <= start:
        is_long = start - seen > timedelta(policy.long_silent_days)
        bits = policy.long_silent_bits if is_long else policy.old_silent_bits
        yield bits, Reason("old_record_silent", f"the older record is silent since {day(seen)}")
    if seen and seen > start + timedelta(policy.old_alive_days) and _is_elsewhere(old, new, portal):
        yield (
            policy.old_alive_bits,
            Reason("old_record_alive", f"the older record was active on {day(seen)}"),
        )


def _is_elsewhere(old: ContactFacts, new: ContactFacts, portal: NameFrequencies) -> bool:
    """Whether the older record's activity is at another company.

    A private mailbox stays in use through every job, and says nothing against one human.
    """
    return not is_private(old, portal.companies) and not one_employer(old, new, portal.companies)
