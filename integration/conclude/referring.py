"""Stage two, first half: who recommended us to whom, as contacts and deals tell it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integration.conclude import asking, codec, concerned, deciding, firms, reading, strengths
from integration.conclude.step import Step
from integration.storage import mirror, moves, people, records, seeks, sources
from integration.storage.database import Row
from mappings.records.referral_links import referral_links
from mappings.rules import companies, names, referrals
from mappings.rules.addresses import clean_email
from mappings.rules.facts import ContactFacts, DealFacts, Directory, ReferralLink
from mappings.rules.findings import Referral

_LONGEST_NAME, _LONGEST_TEXT = 4, 40  # words
_MOST_NAMESAKES = 50
Told = ContactFacts | DealFacts


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one type that tell of referrals, with what they tell."""

    owner_type: str
    owners: Mapping[int, Told]
    links: Mapping[int, tuple[ReferralLink, ...]] = field(default_factory=dict)


def of_contacts(step: Step, contact_ids: Collection[int]) -> None:
    """Judge anew what these contacts tell; mark the deals it concerns."""
    facts = {one: told for one, told in reading.contacts(step, contact_ids).items() if not told.archived}
    links = _links(step, "contact", facts)
    _judge(step, Page("contact", facts, links), contact_ids)


def of_deals(step: Step, deals: Mapping[int, DealFacts], claimed: Collection[int]) -> None:
    """Judge anew what these deals' own fields and labels tell."""
    told = {one: deal for one, deal in deals.items() if not deal.archived}
    _judge(step, Page("deal", told, _links(step, "deal", told)), claimed)


def tells(contact: ContactFacts) -> bool:
    """Whether a contact's fields can tell of a referral."""
    return bool(contact.referred_by_text or contact.heard_from_text or contact.referral_code)


def _links(step: Step, owner_type: str, owners: Mapping[int, Told]) -> dict[int, tuple[ReferralLink, ...]]:
    """Labelled links that say that an owner was referred; a company's are told by the contact that referred it."""
    if not (step.portal_map.referred_by_labels or step.portal_map.referred_by_type_ids):
        return {}
    others = ("contact", "company") if owner_type == "contact" else ("contact",)
    found = records.links_around(step.tx, owner_type, owners.keys(), *others)
    grouped: dict[int, list[ReferralLink]] = {}
    for link in referral_links({reading.as_link(one): None for one in found}, step.portal_map):
        owner = link.referred_id if link.referred_type == owner_type else None
        if link.referred_type == "company":
            owner = link.referrer_contact_id
        if owner in owners:
            grouped.setdefault(owner or 0, []).append(link)
    return {owner: tuple(several) for owner, several in grouped.items()}


def _judge(step: Step, page: Page, claimed: Collection[int]) -> None:
    """Write what the page tells as differences."""
    before = {(row["owner_id"], row["referral_key"]): row for row in _told(step, page, claimed)}
    telling = {one: told for one, told in page.owners.items() if _says(told) or one in page.links}
    meant = deciding.Meant.by(step, page.owner_type, telling)
    ring = _ring(step, page, telling, meant.picked) if telling else None
    rows: dict[tuple[int, str], dict[str, object]] = {}
    for owner, told in telling.items():
        try:
            found = _referrals(step, told, page.links.get(owner, ()), ring) if ring else ()
            found = meant.settled(owner, told, found, ring) if ring else ()
        except Exception as trouble:  # noqa: BLE001 - whatever a hostile text provokes is that record's affair
            step.fail((page.owner_type, owner), trouble)
            continue
        rows.update({(owner, key_of(one)): _row(page.owner_type, owner, one) for one in found})
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or _differs(row, before[key])}
    sources.change_referrals(
        step.tx, gone=[(page.owner_type, owner, key) for owner, key in gone], new=list(new.values())
    )
    asking.about_referrals(step, [before[key] for key in gone], new.values())
    _seek(step, page, claimed, telling)
    _mark(step, [before[key] for key in gone | (before.keys() & new.keys())], list(new.values()))


def _told(step: Step, page: Page, claimed: Collection[int]) -> Sequence[Row]:
    return sources.referrals_told_by(step.tx, page.owner_type, claimed)


def _says(told: Told) -> bool:
    return bool(told.referred_by_text or told.heard_from_text or told.referral_code)


def _referrals(step: Step, told: Told, links: Sequence[ReferralLink], ring: referrals.Circle) -> tuple[Referral, ...]:
    fields = referrals.of_contact if isinstance(told, ContactFacts) else referrals.of_deal
    return (*referrals.of_links(links, ring, step.policy), *fields(told, ring, step.policy))  # type: ignore[arg-type]


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
    return bool(codec.plain(row["body"]) != stored["body"])


def _mark(step: Step, gone: Iterable[Mapping[str, object]], new: Iterable[Mapping[str, object]]) -> None:
    """Deals of the referred, and summaries of who referred."""
    changed = [*gone, *new]
    targets: dict[str, set[int]] = {"contact": set(), "company": set(), "deal": set()}
    for row in changed:
        kind, _, number = str(row["target"]).partition(":")
        targets[kind].add(int(number))
    deals = {link.from_id for link in mirror.links_to(step.tx, "deal", "contact", targets["contact"])}
    deals |= {link.from_id for link in mirror.links_to(step.tx, "deal", "company", targets["company"])}
    mirror.mark_stale(step.tx, mirror.DEALS, {("deal", one) for one in deals | targets["deal"]})
    by = {int(str(row["referrer_contact_id"])) for row in changed if row["referrer_contact_id"] is not None}
    persons, _ = people.groups(step.tx, by)
    everybody = persons.keys() | by
    mirror.mark_stale(step.tx, mirror.SUMMARIES, {("contact", one) for one in everybody})


def _texts(told: Iterable[Told]) -> list[str]:
    return [text for one in told for text in (one.referred_by_text, one.heard_from_text) if text]


def _spans(text: str, shortest: int) -> set[str]:
    """The word groups of a text that can be a name."""
    found = names.fold(text).split()[:_LONGEST_TEXT]
    spans = {
        " ".join(sorted(found[start : start + size]) if shortest > 1 else found[start : start + size])
        for size in range(shortest, _LONGEST_NAME + 1)
        for start in range(len(found) - size + 1)
    }
    return {span for span in spans if len(span) <= names.LONGEST}


def wanted_keys(told: Iterable[Told]) -> set[tuple[str, str]]:
    """Under which keys the people and companies that these texts name would be found."""
    keys: set[tuple[str, str]] = set()
    for text in _texts(told):
        email = clean_email(text)
        keys |= {("mail", email)} if email else set()
        keys |= {("name", span) for span in _spans(text, 2)}
        keys |= {("firm", span) for span in _spans(text, 1)}
        keys |= {("record", text.strip())} if referrals.is_id(text) else set()
    return keys | {("code", referrals.code_key(one.referral_code)) for one in told if one.referral_code}


def _ring(step: Step, page: Page, telling: Mapping[int, Told], picked: Collection[int]) -> referrals.Circle:
    """Who could be meant by these records: found by key, set-wise, and nobody else."""
    keys = wanted_keys(telling.values())
    plain = {companies.plain_name(value) for kind, value in keys if kind == "firm"} - {""}
    named = firms.directory(step, names=plain)
    hits = people.with_keys(step.tx, [key for key in keys if key[0] in {"mail", "name", "record", "code"}])
    found = {one for ids in hits.values() if len(ids) <= _MOST_NAMESAKES for one in ids} | set(picked)
    found |= {link.referrer_contact_id for links in page.links.values() for link in links}
    found |= {link.referred_id for links in page.links.values() for link in links if link.referred_type == "contact"}
    found |= _staff_of(step, set(named.by_name.values()), telling)
    found |= {one for told in telling.values() if isinstance(told, DealFacts) for one in _on(told)}
    found |= set(step.codes.values())
    contacts = {one: c for one, c in reading.contacts(step, found).items() if not c.archived}
    contacts |= {one: told for one, told in telling.items() if isinstance(told, ContactFacts)}
    goals = {told.company_id for told in telling.values() if isinstance(told, DealFacts) and told.company_id}
    goals |= {link.referred_id for links in page.links.values() for link in links if link.referred_type == "company"}
    known = firms.directory(step, contacts.values(), names=plain, ids=goals)
    person_of = people.persons_of(step.tx, contacts)
    codes = {value: ids[0] for (kind, value), ids in hits.items() if kind == "code" and len(ids) == 1}
    since = strengths.customers_since(step, set(known.companies))
    return referrals.circle(
        contacts.values(),
        known,
        person_of=person_of,
        codes={**codes, **step.codes},
        champions=_champions(step, set(person_of.values())),
        is_customer=CustomerTest(known, since),
    )


def _on(deal: DealFacts) -> tuple[int, ...]:
    return tuple(one.contact_id for one in deal.contacts)


def _staff_of(step: Step, company_ids: set[int], telling: Mapping[int, Told]) -> set[int]:
    """Contacts of named companies whose first name stands in one of the texts."""
    if not company_ids:
        return set()
    said = {word for text in _texts(telling.values()) for word in names.fold(text).split()}
    first = people.texts(step.tx, concerned.people_of(step, company_ids), "firstname")
    return {one for one, name in first.items() if _is_said(names.tokens(name), said)}


def _is_said(name: tuple[str, ...], said: set[str]) -> bool:
    """Whether a first name, in any of its forms, is among the words."""
    if not name:
        return False
    forms = names.given_forms(name[0])
    return not said.isdisjoint({name[0], *forms}) or any(name[0] in names.given_forms(word) for word in said)


def _champions(step: Step, person_ids: set[int]) -> frozenset[int]:
    rows = moves.of_persons(step.tx, person_ids)
    return frozenset(
        row["person_id"]
        for row in rows
        if row["status"] in {"auto", "confirmed"} and row["body"]["strength"] >= step.policy.champion_at
    )


@dataclass(frozen=True, slots=True)
class CustomerTest:
    """Whether a company was a customer at a time: by a won deal, or by the stage the owner chose."""

    known: Directory
    since: Mapping[int, datetime]

    def __call__(self, company_id: int, at: datetime) -> bool:
        """Answer for one company."""
        company_id = companies.survivor(self.known, company_id)
        return company_id in self.since and self.since[company_id] <= at


def _seek(step: Step, page: Page, claimed: Collection[int], telling: Mapping[int, Told]) -> None:
    """Remember whom these texts name, so that they are read again when such a person appears."""
    wanted = {one: _sought(wanted_keys([told])) for one, told in telling.items()}
    seeks.replace(step.tx, page.owner_type, {one: wanted.get(one, set()) for one in claimed})


def _sought(keys: Iterable[tuple[str, str]]) -> set[str]:
    """What to wait for: whole names, addresses and codes of people, the first words of companies."""
    found = {f"{kind}:{value}" for kind, value in keys if kind in {"mail", "name", "code"} and value}
    return found | {f"firm:{value}" for kind, value in keys if kind == "firm" and len(value) > 1 and " " not in value}
