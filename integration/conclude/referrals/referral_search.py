"""Referral search: who recommended us to whom, as contacts and deals report it.

The first half of stage two.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integration.conclude import overrides, record_facts, review_tasks
from integration.conclude.batch import Batch
from integration.conclude.referrals import mention_page, mentioned_keys
from integration.conclude.referrals.mention_page import MentionPage, ReportingRecord
from integration.conclude.referrals.referrer_candidates import candidates_for
from integration.conclude.row_changes import RowChanges, row_changes
from integration.portal.invalidation import Change
from integration.portal.occurrence import by_type, known_ids
from integration.storage.database import Row
from integration.storage.findings import answer_labels, source_rows, stored_shapes
from integration.storage.findings.answer_labels import LabelRow
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.facts import (
    SELF_REPORTED,
    ContactFacts,
    DealFacts,
    texts_of,
)
from mappings.rules.findings import Referral
from mappings.rules.policy import Policy
from mappings.rules.referrals import introductions, mentions, referrals
from mappings.rules.text import self_reported

ReferralKey = tuple[int, str]
"""The record that reports a referral, and the referral's name among those that it reports."""


def of_contacts(batch: Batch, contact_ids: Collection[int]) -> None:
    """Find anew what these contacts report, and say which referrals changed."""
    _store_referrals(batch, mention_page.of_contacts(batch, contact_ids), contact_ids)


def of_deals(batch: Batch, deals: Mapping[int, DealFacts], claimed: Collection[int]) -> None:
    """Find anew what these deals' own fields and labels report."""
    _store_referrals(batch, mention_page.of_deals(batch, deals), claimed)


def anew(batch: Batch, owners: Iterable[RefPair]) -> None:
    """Find anew what these contacts and deals report."""
    ids = by_type(owners)
    if contact_ids := ids.get(ObjectType.CONTACT):
        of_contacts(batch, contact_ids)
    if deal_ids := ids.get(ObjectType.DEAL):
        of_deals(batch, record_facts.deals(batch, deal_ids), deal_ids)


# Referrals and labels of a page


def _store_referrals(batch: Batch, page: MentionPage, claimed: Collection[int]) -> None:
    """Write what the page reports as differences, and what to read again later."""
    findings = _find(batch, page)
    changes = row_changes(_stored(batch, page, claimed), findings.rows, _differs)
    _write(batch, page, changes)
    understood = set(claimed) - batch.broken(page.owner_type)
    relabelled = answer_labels.replace(batch.tx, page.owner_type, understood, findings.labels)
    mentioned_keys.keep_pending(batch, page, claimed)
    if page.owner_type == ObjectType.CONTACT:
        batch.changed(Change.READING_CHANGED, contacts=relabelled)
    _record(batch, changes.rows)


def _stored(batch: Batch, page: MentionPage, claimed: Collection[int]) -> dict[ReferralKey, Row]:
    rows = source_rows.referrals_told_by(batch.tx, page.owner_type, claimed)
    return {(row["owner_id"], row["referral_key"]): row for row in rows}


@dataclass(frozen=True, slots=True)
class _Findings:
    """The referrals that a page's records report, as rows, and the labels of their answers."""

    rows: dict[ReferralKey, dict[str, Any]] = field(default_factory=dict)
    labels: list[LabelRow] = field(default_factory=list)


def _find(batch: Batch, page: MentionPage) -> _Findings:
    """Referrals and labels of the reporting records, as computed and as people decided."""
    decisions = overrides.ReferralDecisions.load(batch, page.owner_type, page.reporting)
    findings = _Findings()
    if not page.reporting:
        return findings
    candidates = candidates_for(batch, page, decisions.picked)
    reader = _Reader(page, candidates, decisions, batch.policy)
    items = (((page.owner_type, owner_id), record) for owner_id, record in page.reporting.items())
    for record, (reported, labels) in batch.each(items, reader.read):
        findings.labels.extend(labels)
        for referral in reported:
            findings.rows[record.id, key_of(referral)] = _row(page.owner_type, record.id, referral)
    return findings


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the records of a page, knowing who could be meant and what people decided."""

    page: MentionPage
    candidates: referrals.ReferrerLookup
    decisions: overrides.ReferralDecisions
    policy: Policy

    def read(self, record: ReportingRecord) -> tuple[tuple[Referral, ...], list[LabelRow]]:
        """The referrals that a record reports, and the labels of its answers."""
        computed = self._referrals(record)
        reported = self.decisions.settled(record.id, record, computed, self.candidates)
        return reported, list(self._labels(record))

    def _referrals(self, record: ReportingRecord) -> tuple[Referral, ...]:
        """What a record reports by its links, fields, mails and notes, each referral once."""
        links = self.page.links.get(record.id, ())
        threads = self.page.threads.get(record.id, ())
        notes = self.page.notes.get(record.id, ())
        reported = [
            *referrals.of_links(links, self.candidates, self.policy),
            *self._of_fields(record),
            *introductions.of_threads(threads, self.candidates, self.policy),
            *introductions.of_notes(notes, record, self.candidates, self.policy),
        ]
        # Two notes may report one recommendation: the surer, then the earlier one stays.
        reported.sort(key=lambda referral: (-referral.p, referral.at or record.created_at))
        by_key = {key_of(referral): referral for referral in reversed(reported)}
        return tuple(by_key.values())

    def _of_fields(self, record: ReportingRecord) -> tuple[Referral, ...]:
        if isinstance(record, ContactFacts):
            return referrals.of_contact(record, self.candidates, self.policy)
        return referrals.of_deal(record, self.candidates, self.policy)

    def _labels(self, record: ReportingRecord) -> Iterator[LabelRow]:
        """What each text of a record says, by the classifier of today."""
        for text in texts_of(record, *SELF_REPORTED):
            at = text.at or record.created_at
            for label in mentions.labels(text.text, self.candidates, at):
                yield LabelRow(
                    self.page.owner_type,
                    record.id,
                    text.place,
                    label.label,
                    label.confidence,
                    label.quote,
                    self_reported.VERSION,
                    at,
                )


# Storing


def _write(batch: Batch, page: MentionPage, changes: RowChanges[ReferralKey]) -> None:
    """Take referrals back and write others, with the review tasks that they raise."""
    new = list(changes.new.values())
    gone = [(page.owner_type, owner_id, key) for owner_id, key in changes.gone]
    source_rows.change_referrals(batch.tx, gone=gone, new=new)
    review_tasks.about_referrals(batch, changes.gone.values(), new)


def _row(owner_type: ObjectType, owner_id: int, referral: Referral) -> dict[str, Any]:
    return {
        "owner_type": owner_type,
        "owner_id": owner_id,
        "referral_key": key_of(referral),
        "target": referral.target,
        "referrer_contact_id": referral.referrer_contact_id,
        "referrer_company_id": referral.referrer_company_id,
        "status": referral.status,
        "body": referral,
    }


def key_of(referral: Referral) -> str:
    """The stable name of a referral among those that one record reports; 0 stands for nobody."""
    referrer = f"{referral.referrer_contact_id or 0}|{referral.referrer_company_id or 0}"
    return f"{referral.how}|{referral.target}|{referrer}"


def _differs(row: Mapping[str, object], stored: Row) -> bool:
    return stored_shapes.differs(row["body"], stored["body"])


def _record(batch: Batch, rows: Collection[Row]) -> None:
    """Say whose referrals changed, and who made them."""
    targets = {_ref(row["target"]) for row in rows}
    referrers = known_ids(row["referrer_contact_id"] for row in rows)
    batch.changed(Change.REFERRAL_CHANGED, records=targets, contacts=referrers)


def _ref(target: str) -> RefPair:
    object_type, _, record_id = target.partition(":")
    return object_type, int(record_id)
