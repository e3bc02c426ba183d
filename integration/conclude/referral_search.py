"""Stage two, first half: who recommended us to whom, as contacts and deals tell it."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from integration.conclude import deal_touches, overrides, record_facts, review_tasks
from integration.conclude.batch import Step
from integration.conclude.referrer_candidates import Page, Told, ring_of, seek
from integration.storage.database import Row
from integration.storage.findings import answer_labels, person_rows, source_rows, stored_shapes
from integration.storage.findings.answer_labels import LabelRow
from integration.storage.mirror import lookups, mirror, touches
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


def of_contacts(step: Step, contact_ids: Collection[int]) -> None:
    """Judge anew what these contacts tell; mark the deals it concerns."""
    facts = {
        one: told
        for one, told in record_facts.contacts(step, contact_ids).items()
        if not told.archived
    }
    links = _links(step, "contact", facts)
    notes = _notes(step, "contact", facts)
    _judge(step, Page("contact", facts, links, notes, _threads(step, facts)), contact_ids)


def of_deals(step: Step, deals: Mapping[int, DealFacts], claimed: Collection[int]) -> None:
    """Judge anew what these deals' own fields and labels tell."""
    open_ones = {one: deal for one, deal in deals.items() if not deal.archived}
    page = Page("deal", open_ones, _links(step, "deal", open_ones), _notes(step, "deal", open_ones))
    _judge(step, page, claimed)


def anew(step: Step, owners: Iterable[tuple[str, int]]) -> None:
    """Judge anew what these contacts and deals tell, by type and id."""
    ids: dict[str, set[int]] = {"contact": set(), "deal": set()}
    for owner_type, owner_id in owners:
        ids[owner_type].add(owner_id)
    if ids["contact"]:
        of_contacts(step, ids["contact"])
    if ids["deal"]:
        of_deals(step, record_facts.deals(step, ids["deal"]), ids["deal"])


def tells(contact: ContactFacts) -> bool:
    """Whether a contact's fields can tell of a referral."""
    return _says(contact)


def _notes(step: Step, owner_type: str, owners: Mapping[int, Told]) -> dict[int, tuple[Note, ...]]:
    """The notes about these records that speak of recommending."""
    if not owners or not deal_touches.are_read(step):
        return {}
    asked = {"contact_ids": owners} if owner_type == "contact" else {"deal_ids": owners}
    grouped: dict[int, list[Note]] = {}
    for one in touches.notes(step.tx, **asked):
        note = Note(
            one.activity_id, one.at, one.text, one.contact_ids, one.company_ids, one.deal_ids
        )
        about = note.contact_ids if owner_type == "contact" else note.deal_ids
        if introductions.recommends(note):
            for owner in owners.keys() & set(about):
                grouped.setdefault(owner, []).append(note)
    return {owner: tuple(several) for owner, several in grouped.items()}


def _threads(step: Step, contacts: Collection[int]) -> dict[int, tuple[Thread, ...]]:
    """First mails with these contacts that others were on: mail that was logged here went to one of us."""
    if not contacts or not deal_touches.are_read(step):
        return {}
    return {
        one.contact_id: (
            Thread(one.activity_id, one.at, one.contact_id, one.other_ids, one.sender_id),
        )
        for one in touches.introductions(step.tx, contacts)
    }


def _links(
    step: Step, owner_type: str, owners: Mapping[int, Told]
) -> dict[int, tuple[ReferralLink, ...]]:
    """Labelled links that say that an owner was referred; a company's are told by the contact that referred it."""
    if not (step.portal_map.referred_by_labels or step.portal_map.referred_by_type_ids):
        return {}
    others = ("contact", "company") if owner_type == "contact" else ("contact",)
    found = lookups.links_around(step.tx, owner_type, owners.keys(), *others)
    grouped: dict[int, list[ReferralLink]] = {}
    for link in referral_links({record_facts.as_link(one): None for one in found}, step.portal_map):
        owner = link.referred_id if link.referred_type == owner_type else None
        if link.referred_type == "company":
            owner = link.referrer_contact_id
        if owner in owners:
            grouped.setdefault(owner or 0, []).append(link)
    return {owner: tuple(several) for owner, several in grouped.items()}


def _judge(step: Step, page: Page, claimed: Collection[int]) -> None:
    """Write what the page tells as differences."""
    before = {(row["owner_id"], row["referral_key"]): row for row in _told(step, page, claimed)}
    telling = {
        one: owner for one, owner in page.owners.items() if _says(owner) or page.is_told_of(one)
    }
    meant = overrides.Meant.by(step, page.owner_type, telling)
    ring = ring_of(step, page, telling, meant.picked) if telling else None
    rows: dict[tuple[int, str], dict[str, object]] = {}
    labels: list[LabelRow] = []
    for owner, one in telling.items():
        try:
            found = (
                meant.settled(owner, one, _referrals(step, page, one, ring), ring) if ring else ()
            )
            labels += _labels(page.owner_type, one, ring) if ring else ()
        except Exception as trouble:  # noqa: BLE001 - whatever a hostile text provokes is that record's affair
            step.fail((page.owner_type, owner), trouble)
            continue
        rows.update({(owner, key_of(one)): _row(page.owner_type, owner, one) for one in found})
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or _differs(row, before[key])}
    source_rows.change_referrals(
        step.tx, gone=[(page.owner_type, owner, key) for owner, key in gone], new=list(new.values())
    )
    review_tasks.about_referrals(step, [before[key] for key in gone], new.values())
    relabelled = answer_labels.replace(
        step.tx, page.owner_type, set(claimed) - step.broken(page.owner_type), labels
    )
    seek(step, page, claimed, telling)
    _mark_owners(step, page.owner_type, relabelled)
    _mark(step, [before[key] for key in gone | (before.keys() & new.keys())], list(new.values()))


def _mark_owners(step: Step, owner_type: str, owners: Collection[int]) -> None:
    """Deals of people whose words are read differently now."""
    if owner_type == "contact" and owners:
        links = mirror.links_to(step.tx, "deal", "contact", owners)
        mirror.mark_stale(step.tx, mirror.DEALS, {("deal", link.from_id) for link in links})


def _told(step: Step, page: Page, claimed: Collection[int]) -> Sequence[Row]:
    return source_rows.referrals_told_by(step.tx, page.owner_type, claimed)


def _says(one: Told) -> bool:
    return any(texts_of(one, *TELLS_OF_REFERRALS))


def _referrals(step: Step, page: Page, one: Told, ring: referrals.Circle) -> tuple[Referral, ...]:
    fields = referrals.of_contact if isinstance(one, ContactFacts) else referrals.of_deal
    found = (
        *referrals.of_links(page.links.get(one.id, ()), ring, step.policy),
        *fields(one, ring, step.policy),  # type: ignore[arg-type]
        *introductions.of_threads(page.threads.get(one.id, ()), ring, step.policy),
        *introductions.of_notes(page.notes.get(one.id, ()), one, ring, step.policy),
    )
    # Two notes may tell of one recommendation: the surer, then the earlier one stays.
    ordered = sorted(found, key=lambda each: (-each.p, each.at or one.created_at))
    return tuple({key_of(each): each for each in reversed(ordered)}.values())


def _labels(owner_type: str, one: Told, ring: referrals.Circle) -> list[LabelRow]:
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


def _mark(
    step: Step, gone: Iterable[Mapping[str, object]], new: Iterable[Mapping[str, object]]
) -> None:
    """Deals of the referred, and summaries of who referred."""
    changed = [*gone, *new]
    targets: dict[str, set[int]] = {"contact": set(), "company": set(), "deal": set()}
    for row in changed:
        kind, _, number = str(row["target"]).partition(":")
        targets[kind].add(int(number))
    deals = {
        link.from_id for link in mirror.links_to(step.tx, "deal", "contact", targets["contact"])
    }
    deals |= {
        link.from_id for link in mirror.links_to(step.tx, "deal", "company", targets["company"])
    }
    mirror.mark_stale(step.tx, mirror.DEALS, {("deal", one) for one in deals | targets["deal"]})
    by = {
        int(str(row["referrer_contact_id"]))
        for row in changed
        if row["referrer_contact_id"] is not None
    }
    persons, _ = person_rows.groups(step.tx, by)
    everybody = persons.keys() | by
    mirror.mark_stale(step.tx, mirror.SUMMARIES, {("contact", one) for one in everybody})
