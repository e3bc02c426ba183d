"""Signals: the pieces of evidence of a job change, each with its reliability and cause."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from mappings.formats import day
from mappings.rules.facts import (
    EMPLOYERS,
    PPM,
    ContactFacts,
    Directory,
    TextKind,
    Version,
    texts_of,
)
from mappings.rules.findings import Reason, Signal
from mappings.rules.identity import companies, company_changes
from mappings.rules.identity.company_changes import changes, company_id, is_by_user
from mappings.rules.job_changes.employments import RecordEmployment, meant_by
from mappings.rules.policy import Policy
from mappings.rules.text import job_titles
from mappings.rules.text.address_kinds import clean_email
from mappings.rules.text.names import spoken
from mappings.rules.text.self_reported import classify


def company_name(known: Directory, company: int | None) -> str:
    """A company's name as it can stand in a sentence."""
    facts = known.companies.get(company) if company is not None else None
    return (spoken(facts.name) if facts else "") or "an unnamed company"


def between(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> tuple[Signal, ...]:
    """All signals that the person went from the company of *old* to that of *new*."""
    signals: list[Signal] = []
    for contact in {old.contact.id: old.contact, new.contact.id: new.contact}.values():
        signals.extend(_record_signals(contact, old, new, known, policy))
    if old.contact.id != new.contact.id:
        signals.extend(_second_record(old, new, known, policy))
    signals.extend(
        signal
        for signal in departed(old, known, policy)
        if signal.at is None or _is_close(signal.at, new.since, policy)
    )
    signals.extend(_silence(old, new, known, policy))
    # Activity at the new company alone could be a second job.
    if any(signal.r >= policy.strong_signal for signal in signals):
        signals.extend(_active_at_new(new, known, policy))
    return tuple(signals)


def _active_at_new(new: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """Activity at the new company's address, which confirms what another signal says."""
    if new.how == "address" and new.last_seen is not None and new.last_seen > new.since:
        name = company_name(known, new.company_id)
        text = f"active at {name} since, last on {day(new.last_seen)}"
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


def _matches(known: Directory, ids: tuple[int | None, int | None], pair: tuple[int, int]) -> bool:
    """Whether a change from one company to another is the change between *pair*."""
    return all(companies.same_company(known, a, b) for a, b in zip(ids, pair, strict=True))


def _address_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The primary address changed from one company's domain to the other's."""
    addresses = [
        (companies.of_email(known, clean_email(version.value)), version.at)
        for version in contact.history.get("email", ())
    ]
    at_companies = [(company, at) for company, at in addresses if company is not None]
    for (before, _), (after, at) in pairwise(at_companies):
        if _matches(known, (before, after), pair):
            names = f"from {company_name(known, before)} to {company_name(known, after)}"
            text = f"the e-mail address changed {names} on {day(at)}"
            yield _signal("email_domain_changed", at, "edit", text, policy)


def _address_gained(
    contact: ContactFacts,
    old: RecordEmployment,
    new: RecordEmployment,
    known: Directory,
    policy: Policy,
) -> Iterator[Signal]:
    """An address at one company on a record that was at the other by association or text."""
    if old.contact.id != contact.id or old.how == "address" or new.how != "address":
        return
    versions = contact.history.get("email", ())
    if new.contact.id == contact.id and any(version.at < new.since for version in versions):
        text = f"the record of {company_name(known, old.company_id)} got an address at"
        text = f"{text} {company_name(known, new.company_id)} on {day(new.since)}"
        yield _signal("company_address_gained", new.since, "edit", text, policy)


def _association_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The primary company changed; a user's change is more reliable than a program's."""
    for before, after in pairwise(company_changes.standing(contact, known)):
        ids = company_id(known, before.value), company_id(known, after.value)
        if not _matches(known, ids, pair):
            continue
        kind, text = _told_by(contact, after, pair[0], known)
        date = f"on {day(after.at)}"
        text = text.format(company=f"the company to {company_name(known, pair[1])}", date=date)
        yield _signal(kind, after.at, "edit", text, policy)


def _told_by(
    contact: ContactFacts, change: Version, former: int, known: Directory
) -> tuple[str, str]:
    """The kind of evidence that a change of the primary company is, and its sentence."""
    if is_by_user(change):
        if _works_for_others(contact, former, known):
            return (
                "primary_company_of_outsider",
                "a user changed {company} {date}; the person may work there from outside",
            )
        return "primary_company_by_user", "a user changed {company} {date}"
    author = "an import" if change.source_type == company_changes.IMPORT else "automation"
    if company_changes.came_with_address(contact, change, former, known):
        return "company_with_address", f"{author} changed {{company}} and the address {{date}}"
    if company_changes.is_named_by_import(contact, change, known):
        return "company_by_import", "an import changed {company}, name and link, {date}"
    return "primary_company_automatic", f"{author} changed {{company}} {{date}}"


def _works_for_others(contact: ContactFacts, former: int, known: Directory) -> bool:
    """Whether the person may still be at the old company and at the new one for it.

    So it may be while the address stays there: of an agency's people, or by the title.
    """
    address = next(iter(contact.emails), "")
    if not companies.same_company(known, companies.of_email(known, address), former):
        return False
    firm, title = known.companies.get(former), contact.job_title
    is_agencys = firm is not None and firm.is_agency
    return is_agencys or job_titles.is_outsider(title) or job_titles.is_additional(title)


def _text_change(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The typed company name changed together with the job title."""
    titles = [
        after.at
        for before, after in changes(contact.history.get("jobtitle", ()))
        if not job_titles.same_title(before.value, after.value)
    ]
    for before, after in changes(contact.history.get("company", ())):
        ids = companies.of_text(known, before.value), companies.of_text(known, after.value)
        is_near = any(abs(at - after.at) <= timedelta(policy.edit_days) for at in titles)
        if is_near and _matches(known, ids, pair):
            text = f"company name and job title both changed on {day(after.at)}"
            yield _signal("company_and_title_text", after.at, "edit", text, policy)


def _additional_address(
    contact: ContactFacts, pair: tuple[int, int], known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Addresses of both companies on one record: added by hand, or by a merge of two records."""
    employers = {companies.of_email(known, email) for email in contact.emails}
    if not all(_is_among(employers, company, known) for company in pair):
        return
    versions = contact.history.get("hs_additional_emails", ())
    if contact.merged_ids or any(version.source_type == "MERGE_OBJECTS" for version in versions):
        text = "records with addresses of both companies were merged"
        yield _signal("records_merged", contact.merged_at, "merge", text, policy)
    else:
        text = f"the record also has an address at {company_name(known, pair[1])}"
        yield _signal("additional_email", None, "edit", text, policy)


def _is_among(employers: Iterable[int | None], company: int, known: Directory) -> bool:
    return any(companies.same_company(known, employer, company) for employer in employers)


def _second_record(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Another record of the person began at the new company when the old one fell silent.

    Within days of activity at the old company, and while nothing says that this ended, it may as
    well be a second job or an engagement at a client; an outsider's title makes the days weeks.
    """
    name = company_name(known, new.company_id)
    since = f"a second record at {name} appeared on {day(new.since)}"
    if old.last_seen is None and not _came_in_one_import(old.contact, new.contact):
        text = f"{since}; of the old one nothing was ever heard"
        yield _signal("second_record_unheard", new.since, "record", text, policy)
        return
    if old.last_seen is None or old.last_seen > new.since:
        text = f"{since}; the old one is silent since"
        yield _signal("second_record_old_silent", new.since, "record", text, policy)
        return
    text = f"{since}, after the last sign of life at the old company on {day(old.last_seen)}"
    days = policy.outsider_soon_days if _is_outsider(old, new, known) else policy.soon_days
    is_soon = new.since - old.last_seen <= timedelta(days) and not any(departed(old, known, policy))
    kind = "second_record_soon" if is_soon else "second_record"
    yield _signal(kind, new.since, "record", text, policy)


def _came_in_one_import(a: ContactFacts, b: ContactFacts) -> bool:
    """Whether one file brought both records: then neither is the older one."""
    is_one_day = abs(a.created_at - b.created_at) <= company_changes.ONE_EDIT
    return is_one_day and all(map(_was_imported, (a, b)))


def _was_imported(contact: ContactFacts) -> bool:
    firsts = (versions[0] for versions in contact.history.values() if versions)
    return any(version.source_type == company_changes.IMPORT for version in firsts)


def _is_outsider(old: RecordEmployment, new: RecordEmployment, known: Directory) -> bool:
    """Whether the person may be at the new company for the old one: by title, or for an agency."""
    firm = known.companies.get(old.company_id)
    return job_titles.is_outsider(new.contact.job_title) or (firm is not None and firm.is_agency)


def departed(old: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """The signals that the person left the company, whatever came next."""
    yield from _noticed(old, known, policy)
    yield from _noted(old, known, policy)


def _noticed(old: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """A departure that mail or HubSpot shows since the employment began."""
    left, name = old.contact, company_name(known, old.company_id)
    bounced, changed, replied = left.bounced_at, left.job_change_at, left.left_reply_at
    if bounced and bounced >= old.since:
        text = f"the address at {name} bounced on {day(bounced)}"
        yield _signal("hard_bounce", bounced, "bounce", text, policy)
    if changed and changed >= old.since:
        text = f"HubSpot noticed a job change on {day(changed)}"
        yield _signal("hubspot_job_change", changed, "job_change", text, policy)
    if replied and replied >= old.since:
        reply = f"an automatic reply of {day(replied)}"
        text = f"{reply} says that the person no longer works at {name}"
        yield _signal("no_longer_with", replied, "auto_reply", text, policy)


def _noted(old: RecordEmployment, known: Directory, policy: Policy) -> Iterator[Signal]:
    """A departure that mapped fields state: somebody left, or another employer is named."""
    name = company_name(known, old.company_id)
    for note in texts_of(old.contact, TextKind.LEFT):
        text = note.reason.format(said=spoken(note.text), company=name)
        yield _signal("mapped_company_field", note.at, "field", text, policy)
    for named in texts_of(old.contact, *EMPLOYERS):
        if named.at is None or named.at < old.since or _means(named.text, old.company_id, known):
            continue
        kind, cause = _NAMED_BY[named.kind]
        text = f"{spoken(named.text)} is named as the employer after {name}"
        yield _signal(kind, named.at, cause, text, policy)


def _silence(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """Regular contact that ended long before the new job showed; weak, so never evidence alone."""
    contact, last = old.contact, old.last_seen
    if contact.first_touch_at is None or last is None or contact.touches < policy.regular_touches:
        return
    regular = timedelta(policy.regular_gap_days) * (contact.touches - 1)
    was_regular = last - contact.first_touch_at <= regular
    if was_regular and new.since - last >= timedelta(policy.silence_days):
        name = company_name(known, old.company_id)
        text = f"after regular contact nothing was heard from {name} since {day(last)}"
        yield _signal("silence", last, "silence", text, policy)


def self_reported(
    old: RecordEmployment, new: RecordEmployment, known: Directory, policy: Policy
) -> Iterator[Signal]:
    """The person's own answer that they knew us from a former job.

    The caller knows that *old* was a customer then.
    """
    for answer in texts_of(new.contact, TextKind.ANSWER):
        labels = [label for label in classify(answer.text) if label.label == "moved_self"]
        if labels and labels[0].confidence >= policy.label_counts_at:
            former = company_name(known, old.company_id)
            text = f"asked how they heard of us, the person told of an earlier job: {former}"
            # Stored moves keep the word of the cause.
            yield _signal("moved_self_text", answer.at, "told", text, policy)


def _is_close(at: datetime, start: datetime, policy: Policy) -> bool:
    before, after = timedelta(policy.old_gone_before_days), timedelta(policy.old_gone_after_days)
    return start - before <= at <= start + after


BY_PROGRAM: Final = frozenset({"company_with_address", "company_by_import"})
"""Evidence that is good of a single person, and doubtful where several go along."""


def combined(signals: tuple[Signal, ...]) -> int:
    """P(moved) in ppm, rounded: 1 - product(1 - r) (noisy or), the strongest signal of each cause.

    Signals of one cause are not independent, so that only the strongest counts.
    """
    best: dict[str, int] = {}
    for signal in signals:
        best[signal.cause] = max(signal.r, best.get(signal.cause, 0))
    # In whole numbers, so that the result does not depend on the order.
    rest = math.prod([PPM - r for r in best.values()])
    scale = math.prod([PPM] * len(best))
    return PPM - (2 * rest * PPM + scale) // (2 * scale)


# Not enough to move anybody, and too much to say nothing: a person is asked.
_ASKED_ALONE: Final = frozenset({"second_record_unheard"})


def worth_asking(signals: tuple[Signal, ...]) -> bool:
    """Whether evidence that is not conclusive is a question all the same."""
    return any(signal.kind in _ASKED_ALONE for signal in signals)


def conclusive(signals: tuple[Signal, ...], policy: Policy) -> bool:
    """Whether there is one strong signal, or two of independent causes."""
    if any(signal.r >= policy.strong_signal for signal in signals):
        return True
    return len({signal.cause for signal in signals}) > 1
