"""Signals: each piece of evidence that a person left one company for another, with its reliability and cause."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from mappings.rules.facts import EMPLOYERS, PPM, ContactFacts, Directory, TextKind, texts_of
from mappings.rules.findings import Reason, Signal
from mappings.rules.identity import companies
from mappings.rules.job_changes.employments import RecordEmployment, changes, company_id, meant_by
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles
from mappings.rules.text.address_kinds import clean_email
from mappings.rules.text.names import spoken
from mappings.rules.text.self_reported import classify

# Changes by these sources were made by a program on its own account; everything typed in HubSpot is
# a user's.
USER_SOURCES = frozenset(
    {"CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS", "MOBILE_ANDROID", "CONTACTS"}
)


def company_name(known: Directory, company: int | None) -> str:
    """What to call a company in a sentence."""
    found = known.companies.get(company) if company is not None else None
    return (spoken(found.name) if found else "") or "an unnamed company"


def between(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> tuple[Signal, ...]:
    """All signals that the person went from the company of *old* to that of *new*."""
    found: list[Signal] = []
    for contact in {old.contact.id: old.contact, new.contact.id: new.contact}.values():
        found.extend(_record_signals(contact, old, new, known, policy))
    if old.contact.id != new.contact.id:
        found.extend(_second_record(old, new, known, policy))
    found.extend(
        s for s in departed(old, known, policy) if s.at is None or _close(s.at, new.since, policy)
    )
    found.extend(_silence(old, new, known, policy))
    if any(one.r >= policy.strong_signal for one in found):
        found.extend(_active_at_new(new, known, policy))
    return tuple(found)


def _active_at_new(new: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """Life at the new company's address bears out what another signal says; alone it could be a second job."""
    if new.how == "address" and new.last_seen is not None and new.last_seen > new.since:
        text = f"active at {company_name(known, new.company_id)} since, last on {new.last_seen:%Y-%m-%d}"
        yield _signal("active_at_new", new.last_seen, "life", text, policy)


def _signal(kind: str, at: datetime | None, cause: str, text: str, policy: Policy) -> Signal:
    r = policy.signals[kind]
    return Signal(kind, r, at, cause, Reason(kind, text, at, strength=r))


def _record_signals(
    contact: ContactFacts,
    old: RecordEmployment,
    new: RecordEmployment,
    known: Directory,
    policy: Policy,
) -> Iterator[Signal]:
    pair = (old.company_id, new.company_id)
    yield from _address_change(contact, pair, known, policy)
    yield from _address_gained(contact, old, new, known, policy)
    yield from _association_change(contact, pair, known, policy)
    yield from _text_change(contact, pair, known, policy)
    yield from _additional_address(contact, pair, known, policy)
    left_at = next((text.at for text in texts_of(contact, TextKind.LEFT)), None)
    for text in texts_of(contact, *EMPLOYERS):
        if _means(text.text, pair[1], known):
            kind, cause = _NAMED_BY[text.kind]
            # A rep's two fields are one note: the day of leaving dates the new company, too.
            at = left_at or text.at if text.kind is TextKind.EMPLOYER else text.at
            yield _signal(kind, at, cause, text.reason.format(said=spoken(text.text)), policy)


# Who names a new employer, as the policy calls the evidence and its cause.
_NAMED_BY: Final = {
    TextKind.EMPLOYER: ("mapped_company_field", "field"),
    TextKind.DETECTED_EMPLOYER: ("mapped_provider_field", "provider"),
}


def _means(text: str, company: int, known: Directory) -> bool:
    return bool(companies.same_company(known, meant_by(known, text), company))


def _matches(known: Directory, found: tuple[int | None, int | None], pair: tuple[int, int]) -> bool:
    return all(
        companies.same_company(known, one, two) for one, two in zip(found, pair, strict=True)
    )


def _address_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The primary address changed from one company's domain to the other's."""
    seen = [
        (found, version.at)
        for version in contact.history.get("email", ())
        if (found := companies.of_email(known, clean_email(version.value))) is not None
    ]
    for (before, _), (after, at) in pairwise(seen):
        if _matches(known, (before, after), pair):
            text = f"the e-mail address changed from {company_name(known, before)} to {company_name(known, after)}"
            yield _signal("email_domain_changed", at, "edit", f"{text} on {at:%Y-%m-%d}", policy)


def _address_gained(
    contact: ContactFacts,
    old: RecordEmployment,
    new: RecordEmployment,
    known: Directory,
    policy: Policy,
) -> Iterator[Signal]:
    """A record that was known at one company by association or text got an address at the other."""
    if old.contact.id != contact.id or old.how == "address" or new.how != "address":
        return
    versions = contact.history.get("email", ())
    if new.contact.id == contact.id and any(version.at < new.since for version in versions):
        text = f"the record of {company_name(known, old.company_id)} got an address at"
        text = f"{text} {company_name(known, new.company_id)} on {new.since:%Y-%m-%d}"
        yield _signal("company_address_gained", new.since, "edit", text, policy)


def _association_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    for before, after in changes(contact.history.get("associatedcompanyid", ())):
        found = company_id(known, before.value), company_id(known, after.value)
        if _matches(known, found, pair):
            kind = (
                "primary_company_by_user"
                if after.source_type in USER_SOURCES
                else "primary_company_automatic"
            )
            who = "a user" if kind == "primary_company_by_user" else "automation"
            text = f"{who} changed the company to {company_name(known, found[1])} on {after.at:%Y-%m-%d}"
            yield _signal(kind, after.at, "edit", text, policy)


def _text_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    titles = [
        after.at
        for before, after in changes(contact.history.get("jobtitle", ()))
        if not job_titles.same_title(before.value, after.value)
    ]
    for before, after in changes(contact.history.get("company", ())):
        found = companies.of_text(known, before.value), companies.of_text(known, after.value)
        near = any(abs(at - after.at) <= timedelta(policy.edit_days) for at in titles)
        if near and _matches(known, found, pair):
            text = f"company name and job title both changed on {after.at:%Y-%m-%d}"
            yield _signal("company_and_title_text", after.at, "edit", text, policy)


def _additional_address(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Addresses of both companies stand on one record: added by hand, or left by a merge of two records."""
    employers = {
        found for email in contact.emails if (found := companies.of_email(known, email)) is not None
    }
    if not all(any(companies.same_company(known, one, side) for one in employers) for side in pair):
        return
    merged = any(
        v.source_type == "MERGE_OBJECTS" for v in contact.history.get("hs_additional_emails", ())
    )
    if merged or contact.merged_ids:
        text = "records with addresses of both companies were merged"
        yield _signal("records_merged", contact.merged_at, "merge", text, policy)
    else:
        text = f"the record also has an address at {company_name(known, pair[1])}"
        yield _signal("additional_email", None, "edit", text, policy)


def _second_record(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Another record of the person began at the new company when the old one fell silent.

    Within days of life at the old company, and while nothing says that this ended, it may as well
    be a second job or an engagement at a client; a title that says outsider makes the days weeks.
    """
    name = company_name(known, new.company_id)
    since = f"a second record at {name} appeared on {new.since:%Y-%m-%d}"
    if old.last_seen is None or old.last_seen > new.since:
        text = f"{since}; the old one is silent since"
        yield _signal("second_record_old_silent", new.since, "record", text, policy)
        return
    text = f"{since}, after the last sign of life at the old company on {old.last_seen:%Y-%m-%d}"
    days = policy.outsider_soon_days if _is_outsider(old, new, known) else policy.soon_days
    soon = new.since - old.last_seen <= timedelta(days) and not any(departed(old, known, policy))
    yield _signal(
        "second_record_soon" if soon else "second_record", new.since, "record", text, policy
    )


def _is_outsider(old: RecordEmployment, new: RecordEmployment, known: Directory) -> bool:
    """Whether the person may be at the new company for the old one: by title, or because the old one is an agency."""
    firm = known.companies.get(old.company_id)
    return job_titles.is_outsider(new.contact.job_title) or (firm is not None and firm.is_agency)


def departed(old: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """What says that the person left the company, whatever came next."""
    left, name = old.contact, company_name(known, old.company_id)
    if left.bounced_at and left.bounced_at >= old.since:
        text = f"the address at {name} bounced on {left.bounced_at:%Y-%m-%d}"
        yield _signal("hard_bounce", left.bounced_at, "bounce", text, policy)
    if left.job_change_at and left.job_change_at >= old.since:
        text = f"HubSpot noticed a job change on {left.job_change_at:%Y-%m-%d}"
        yield _signal("hubspot_job_change", left.job_change_at, "job_change", text, policy)
    if left.left_reply_at and left.left_reply_at >= old.since:
        text = f"an automatic reply of {left.left_reply_at:%Y-%m-%d} says that the person no longer works at {name}"
        yield _signal("no_longer_with", left.left_reply_at, "auto_reply", text, policy)
    for note in texts_of(left, TextKind.LEFT):
        if not _says_no(note.text):
            text = note.reason.format(said=spoken(note.text), company=name)
            yield _signal("mapped_company_field", note.at, "field", text, policy)
    for named in texts_of(left, *EMPLOYERS):
        if (
            named.at is not None
            and named.at >= old.since
            and not _means(named.text, old.company_id, known)
        ):
            kind, cause = _NAMED_BY[named.kind]
            text = f"{spoken(named.text)} is named as the employer after {name}"
            yield _signal(kind, named.at, cause, text, policy)


def _silence(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Regular contact that broke off long before the new job showed: no reason to think of a change by itself."""
    who, last = old.contact, old.last_seen
    if who.first_touch_at is None or last is None or who.touches < policy.regular_touches:
        return
    was_regular = last - who.first_touch_at <= timedelta(policy.regular_gap_days) * (
        who.touches - 1
    )
    if was_regular and new.since - last >= timedelta(policy.silence_days):
        text = f"after regular contact nothing was heard from {company_name(known, old.company_id)} since {last:%Y-%m-%d}"
        yield _signal("silence", last, "silence", text, policy)


def told_themselves(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The person's own words that they knew us from a former job; the caller knows that *old* was a customer then."""
    for answer in texts_of(new.contact, TextKind.ANSWER):
        label = next((one for one in classify(answer.text) if one.label == "moved_self"), None)
        if label is not None and label.confidence >= policy.label_counts_at:
            former = company_name(known, old.company_id)
            said = f"asked how they heard of us, the person told of an earlier job: {former}"
            yield _signal("moved_self_text", answer.at, "told", said, policy)


def _close(at: datetime, start: datetime, policy: Policy) -> bool:
    before, after = timedelta(policy.old_gone_before_days), timedelta(policy.old_gone_after_days)
    return start - before <= at <= start + after


def _says_no(text: str) -> bool:
    return text.strip().casefold() in {"", "no", "false", "0", "none", "nein", "non"}


def combined(signals: tuple[Signal, ...]) -> int:
    """P(moved) in ppm: 1 - product(1 - r), the strongest signal per cause."""
    best: dict[str, int] = {}
    for signal in signals:
        best[signal.cause] = max(signal.r, best.get(signal.cause, 0))
    rest, count = 1, 0
    for r in best.values():
        rest, count = rest * (PPM - r), count + 1
    scale = PPM**count
    return int(PPM - (2 * rest * PPM + scale) // (2 * scale))


def conclusive(signals: tuple[Signal, ...], policy: Policy) -> bool:
    """One weak signal never flips anyone: one strong signal, or two of independent causes."""
    return (
        any(signal.r >= policy.strong_signal for signal in signals)
        or len({s.cause for s in signals}) > 1
    )
