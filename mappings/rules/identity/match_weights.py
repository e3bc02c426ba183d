"""Match weights: evidence for and against two records being one human, in bits, with reasons."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from mappings.caching import cached
from mappings.formats import day
from mappings.rules.facts import ContactFacts
from mappings.rules.findings import Reason
from mappings.rules.identity.circumstances import (
    Evidence,
    job_evidence,
    place_evidence,
    whereabouts,
)
from mappings.rules.identity.frequencies import Frequencies
from mappings.rules.identity.name_evidence import GIVEN_NAME, name_evidence
from mappings.rules.identity.record_profile import (
    all_emails,
    gone_at,
    is_private,
    last_life,
    one_employer,
)
from mappings.rules.policy import Policy
from mappings.rules.text.address_kinds import is_contractor, is_free, local_of


def weigh(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[Evidence]:
    """All evidence between a record and one created later."""
    identifiers = [
        *_profile_evidence(old, new, policy),
        *_address_evidence(old, new, portal, policy),
        *_phone_evidence(old, new, portal, policy),
    ]
    named = list(name_evidence(old, new, portal, policy))
    yield from (*identifiers, *named)
    yield from _circumstances(old, new, portal, policy, agreed=[*identifiers, *named])
    yield from _pattern_evidence(old, new, policy)
    yield from _life_evidence(old, new, portal, policy)


def most_without_names(policy: Policy) -> float:
    """The most bits of two records that share no profile, address, number or name."""
    alternatives = (
        (policy.other_profile_bits,),
        (policy.local_part_bits,),
        (policy.other_mobile_bits,),
        (policy.given_name_bits, policy.other_name_bits),
        (policy.other_job_bits,),
        (policy.other_city_bits, policy.other_state_bits, policy.other_country_bits),
        (policy.old_gone_bits, policy.old_silent_bits, policy.long_silent_bits),
        (policy.old_alive_bits,),
    )
    return sum(max(0.0, *bits) for bits in alternatives)


def _circumstances(
    old: ContactFacts,
    new: ContactFacts,
    portal: Frequencies,
    policy: Policy,
    agreed: Iterable[Evidence],
) -> Iterator[Evidence]:
    """Work and place: against one human always, for it only beside a name or an identifier.

    A given name alone is such a name where city and title are both the same.
    """
    codes = {reason.code for bits, reason in agreed if bits > 0}
    is_one_person = bool(codes - {GIVEN_NAME})
    if GIVEN_NAME in codes and whereabouts(old) == whereabouts(new) != "":
        is_one_person = True
    around = (*job_evidence(old, new, portal, policy), *place_evidence(old, new, portal, policy))
    for bits, reason in around:
        if bits < 0 or is_one_person:
            yield bits, reason


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
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
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


def _pattern_evidence(old: ContactFacts, new: ContactFacts, policy: Policy) -> Iterator[Evidence]:
    if all_emails(old).isdisjoint(all_emails(new)) and _formed_alike(old.emails, new.emails):
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
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
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


def _life_evidence(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
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


def _is_elsewhere(old: ContactFacts, new: ContactFacts, portal: Frequencies) -> bool:
    """Whether the older record's activity is at another company.

    A private mailbox stays in use through every job, and says nothing against one human.
    """
    return not is_private(old, portal.companies) and not one_employer(old, new, portal.companies)
