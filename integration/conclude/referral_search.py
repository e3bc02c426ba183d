"""Stage two, first half: who recommended us to whom, as contacts and deals tell it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from integration.conclude import deal_touches, overrides, record_facts, review_tasks
from integration.conclude.batch import Batch
from integration.conclude.referrer_candidates import (
    MentionPage,
    Told,
    candidates_for,
    keep_pending_mentions,
)
from integration.portal.invalidation import Change
from integration.storage.database import Row
from integration.storage.findings import answer_labels, source_rows, stored_shapes
from integration.storage.findings.answer_labels import LabelRow
from integration.storage.mirror import lookups, touch_mentions
from integration.storage.queue.recompute import Ref
from mappings.records.referral_links import referral_links
from mappings.rules.facts import (
    SELF_REPORTED,
    TELLS_OF_REFERRALS,
    ContactFacts,
    DealFacts,
    Note,
    ReferralLink,
    Thread,
    texts_of,
)
from mappings.rules.findings import Referral
from mappings.rules.referrals import introductions, mentions, referrals
from mappings.rules.text import self_reported


def of_contacts(batch: Batch, contact_ids: Collection[int]) -> None:
    """Judge anew what these contacts tell, and say which referrals changed."""
    facts = {
        one: told
        for one, told in record_facts.contacts(batch, contact_ids).items()
        if not told.archived
    }
    links = _links(batch, "contact", facts)
    notes = _notes(batch, "contact", facts)
    _judge(batch, MentionPage("contact", facts, links, notes, _threads(batch, facts)), contact_ids)


def of_deals(batch: Batch, deals: Mapping[int, DealFacts], claimed: Collection[int]) -> None:
    """Judge anew what these deals' own fields and labels tell."""
    open_ones = {one: deal for one, deal in deals.items() if not deal.archived}
    page = MentionPage(
        "deal", open_ones, _links(batch, "deal", open_ones), _notes(batch, "deal", open_ones)
    )
    _judge(batch, page, claimed)


def anew(batch: Batch, owners: Iterable[tuple[str, int]]) -> None:
    """Judge anew what these contacts and deals tell, by type and id."""
    ids: dict[str, set[int]] = {"contact": set(), "deal": set()}
    for owner_type, owner_id in owners:
        ids[owner_type].add(owner_id)
    if ids["contact"]:
        of_contacts(batch, ids["contact"])
    if ids["deal"]:
        of_deals(batch, record_facts.deals(batch, ids["deal"]), ids["deal"])


def tells(contact: ContactFacts) -> bool:
    """Whether a contact's fields can tell of a referral."""
    return _says(contact)


def _notes(
    batch: Batch, owner_type: str, owners: Mapping[int, Told]
) -> dict[int, tuple[Note, ...]]:
    """The notes about these records that speak of recommending."""
    if not owners or not deal_touches.are_read(batch):
        return {}
    asked = {"contact_ids": owners} if owner_type == "contact" else {"deal_ids": owners}
    grouped: dict[int, list[Note]] = {}
    for one in touch_mentions.notes(batch.tx, **asked):
        note = Note(
            one.activity_id, one.at, one.text, one.contact_ids, one.company_ids, one.deal_ids
        )
        about = note.contact_ids if owner_type == "contact" else note.deal_ids
        if introductions.recommends(note):
            for owner in owners.keys() & set(about):
                grouped.setdefault(owner, []).append(note)
    return {owner: tuple(several) for owner, several in grouped.items()}


def _threads(batch: Batch, contacts: Collection[int]) -> dict[int, tuple[Thread, ...]]:
    """First mails with these contacts that others were on: mail that was logged here went to one of us."""
    if not contacts or not deal_touches.are_read(batch):
        return {}
    return {
        one.contact_id: (
            Thread(one.activity_id, one.at, one.contact_id, one.other_ids, one.sender_id),
        )
        for one in touch_mentions.introductions(batch.tx, contacts)
    }


def _links(
    batch: Batch, owner_type: str, owners: Mapping[int, Told]
) -> dict[int, tuple[ReferralLink, ...]]:
    """Labelled links that say that an owner was referred; a company's are told by the contact that referred it."""
    if not (batch.portal_map.referred_by_labels or batch.portal_map.referred_by_type_ids):
        return {}
    others = ("contact", "company") if owner_type == "contact" else ("contact",)
    found = lookups.links_around(batch.tx, owner_type, owners.keys(), *others)
    grouped: dict[int, list[ReferralLink]] = {}
    for link in referral_links(dict.fromkeys(found), batch.portal_map):
        owner = link.referred_id if link.referred_type == owner_type else None
        if link.referred_type == "company":
            owner = link.referrer_contact_id
        if owner in owners:
            grouped.setdefault(owner or 0, []).append(link)
    return {owner: tuple(several) for owner, several in grouped.items()}


def _judge(batch: Batch, page: MentionPage, claimed: Collection[int]) -> None:
    """Write what the page tells as differences."""
    before = {(row["owner_id"], row["referral_key"]): row for row in _told(batch, page, claimed)}
    telling = {
        one: owner for one, owner in page.owners.items() if _says(owner) or page.is_told_of(one)
    }
    meant = overrides.ReferralDecisions.load(batch, page.owner_type, telling)
    ring = candidates_for(batch, page, telling, meant.picked) if telling else None
    rows: dict[tuple[int, str], dict[str, object]] = {}
    labels: list[LabelRow] = []
    for owner, one in telling.items():
        try:
            found = (
                meant.settled(owner, one, _referrals(batch, page, one, ring), ring) if ring else ()
            )
            labels += _labels(page.owner_type, one, ring) if ring else ()
        except Exception as trouble:  # noqa: BLE001 - whatever a hostile text provokes is that record's affair
            batch.fail((page.owner_type, owner), trouble)
            continue
        rows.update({(owner, key_of(one)): _row(page.owner_type, owner, one) for one in found})
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or _differs(row, before[key])}
    source_rows.change_referrals(
        batch.tx,
        gone=[(page.owner_type, owner, key) for owner, key in gone],
        new=list(new.values()),
    )
    review_tasks.about_referrals(batch, [before[key] for key in gone], new.values())
    relabelled = answer_labels.replace(
        batch.tx, page.owner_type, set(claimed) - batch.broken(page.owner_type), labels
    )
    keep_pending_mentions(batch, page, claimed, telling)
    if page.owner_type == "contact":
        batch.changed(Change.READING_CHANGED, contacts=relabelled)
    _record(batch, [*(before[key] for key in gone | (before.keys() & new.keys())), *new.values()])


def _told(batch: Batch, page: MentionPage, claimed: Collection[int]) -> Sequence[Row]:
    return source_rows.referrals_told_by(batch.tx, page.owner_type, claimed)


def _says(one: Told) -> bool:
    return any(texts_of(one, *TELLS_OF_REFERRALS))


def _referrals(
    batch: Batch, page: MentionPage, one: Told, ring: referrals.ReferrerLookup
) -> tuple[Referral, ...]:
    fields = referrals.of_contact if isinstance(one, ContactFacts) else referrals.of_deal
    found = (
        *referrals.of_links(page.links.get(one.id, ()), ring, batch.policy),
        *fields(one, ring, batch.policy),  # type: ignore[arg-type]
        *introductions.of_threads(page.threads.get(one.id, ()), ring, batch.policy),
        *introductions.of_notes(page.notes.get(one.id, ()), one, ring, batch.policy),
    )
    # Two notes may tell of one recommendation: the surer, then the earlier one stays.
    ordered = sorted(found, key=lambda each: (-each.p, each.at or one.created_at))
    return tuple({key_of(each): each for each in reversed(ordered)}.values())


def _labels(owner_type: str, one: Told, ring: referrals.ReferrerLookup) -> list[LabelRow]:
    """What each text of a record says, by the classifier of today."""
    return [
        LabelRow(
            owner_type,
            one.id,
            text.place,
            label.label,
            label.confidence,
            label.quote,
            self_reported.VERSION,
            text.at or one.created_at,
        )
        for text in texts_of(one, *SELF_REPORTED)
        for label in mentions.labels(text.text, ring, text.at or one.created_at)
    ]


def _row(owner_type: str, owner: int, one: Referral) -> dict[str, object]:
    return {
        "owner_type": owner_type,
        "owner_id": owner,
        "referral_key": key_of(one),
        "target": one.target,
        "referrer_contact_id": one.referrer_contact_id,
        "referrer_company_id": one.referrer_company_id,
        "status": one.status,
        "body": one,
    }


def key_of(one: Referral) -> str:
    """A stable name of a referral among those that one record tells."""
    return f"{one.how}|{one.target}|{one.referrer_contact_id or 0}|{one.referrer_company_id or 0}"


def _differs(row: Mapping[str, object], stored: Row) -> bool:
    return stored_shapes.differs(row["body"], stored["body"])


def _record(batch: Batch, rows: Collection[Mapping[str, object]]) -> None:
    """Say whose referrals changed, and who made them."""
    targets = {_ref(str(row["target"])) for row in rows}
    referrers = {
        int(str(row["referrer_contact_id"]))
        for row in rows
        if row["referrer_contact_id"] is not None
    }
    batch.changed(Change.REFERRAL_CHANGED, records=targets, contacts=referrers)


def _ref(target: str) -> Ref:
    object_type, _, record_id = target.partition(":")
    return object_type, int(record_id)
