"""Companies in a batch: their look-up keys, and the directory of those that a page can mean."""

from collections.abc import Collection, Iterable, Mapping

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.portal import success_items
from integration.portal.invalidation import Change
from integration.portal.occurrence import LookUpKey
from integration.storage.findings import employer_changes
from integration.storage.mirror import company_keys, deal_rows, mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import EMPLOYERS, CompanyFacts, ContactFacts, Directory, texts_of
from mappings.rules.identity import companies
from mappings.rules.identity.linkage import all_emails
from mappings.rules.text.address_kinds import domain_of, host_of, is_free
from mappings.rules.text.names import spoken

_LONGEST_ID = 18  # digits that surely fit a bigint; a longer text is no id


def refresh(batch: Batch, company_ids: Collection[int]) -> None:
    """Store the look-up keys of changed companies, and say what changed with them."""
    facts = record_facts.companies(batch, company_ids)
    readable = set(company_ids) - batch.broken(ObjectType.COMPANY)
    changed = _store_keys(batch, facts, readable)
    _adopt(batch, facts)
    batch.changed(Change.COMPANY_STAFF_CHANGED, companies=_changed_in(changed, "name"))
    merged = _follow_merges(batch, readable)
    keys = set[LookUpKey]().union(*changed.values())
    batch.changed(Change.COMPANY_KEYS_CHANGED, companies={*changed, *merged}, keys=keys)
    customers = _changed_in(changed, "since") | merged
    batch.changed(Change.CUSTOMER_STATUS_CHANGED, companies=customers)


def _adopt(batch: Batch, facts: Mapping[int, CompanyFacts]) -> None:
    """Give these companies what products sent of them before anybody knew them."""
    living = [company for company in facts.values() if not company.archived]
    domains = {domain.lower() for company in living for domain in company.domains}
    success_items.adopt(batch.tx, [company.id for company in living], domains)


def _follow_merges(batch: Batch, company_ids: Collection[int]) -> set[int]:
    """Give the deals of merged companies to their survivors; return both sides of the merges."""
    today = mirror.resolve(batch.tx, ObjectType.COMPANY, company_ids)
    merged = {former: survivor for former, survivor in today.items() if former != survivor}
    deals = deal_rows.repoint(batch.tx, merged) if merged else ()
    batch.changed(Change.COMPANIES_MERGED, deals=deals)
    batch.changed(Change.COMPANY_CHANGED, companies={*today.keys(), *today.values()})
    return {*merged.keys(), *merged.values()}


def _store_keys(
    batch: Batch, facts: Mapping[int, CompanyFacts], company_ids: Collection[int]
) -> dict[int, set[LookUpKey]]:
    """Store the keys of these companies; return those that came or went, by company."""
    stored = company_keys.keys_of(batch.tx, company_ids)
    wanted = {company.id: _all_keys(batch, company) for company in facts.values()}
    gone = {company_id: _only_in(stored, wanted, company_id) for company_id in company_ids}
    new = {company_id: _only_in(wanted, stored, company_id) for company_id in company_ids}
    company_keys.change_keys(batch.tx, gone=gone, new=new)
    changed = ((company_id, gone[company_id] | new[company_id]) for company_id in company_ids)
    return {company_id: keys for company_id, keys in changed if keys}


def _only_in(
    keys: Mapping[int, set[LookUpKey]], others: Mapping[int, set[LookUpKey]], company_id: int
) -> set[LookUpKey]:
    return keys.get(company_id, set()) - others.get(company_id, set())


def _changed_in(changed: Mapping[int, Iterable[LookUpKey]], kind: str) -> set[int]:
    """The companies of which a key of this kind came or went."""
    return {company_id for company_id, keys in changed.items() if kind in dict(keys)}


def staff_changed(batch: Batch, keys: Iterable[LookUpKey]) -> None:
    """Somebody came to the companies that contacts' keys mean, or left."""
    by_kind = grouped(keys)
    linked = {int(company_id) for company_id in by_kind.get("at", ())}
    hosts = set(by_kind.get("host", ()))
    names = set(by_kind.get("firm", ()))
    if linked or hosts or names:
        meant = company_keys.reach(batch.tx, linked, hosts, names)
        batch.changed(Change.COMPANY_STAFF_CHANGED, companies=meant)


def _all_keys(batch: Batch, company: CompanyFacts) -> set[LookUpKey]:
    """The keys a company is found by, and beside them what others quote of it.

    Quoted are its name as spoken, and since when it is a customer by its lifecycle stage.
    """
    keys = _look_up_keys(company)
    if not keys:
        return set()
    keys.add(("called", spoken(company.name)))
    if batch.portal_map.customer_stage and company.customer_since is not None:
        keys.add(("since", company.customer_since.isoformat()))
    return keys


def _look_up_keys(company: CompanyFacts) -> set[LookUpKey]:
    """Under what a company can be found; a gone one under nothing."""
    if company.archived:
        return set()
    names = companies.name_keys((company.name, *company.former_names))
    keys = {("name", name) for name in names}
    keys |= {("domain", domain.lower()) for domain in company.domains}
    if company.parent_id is not None:
        keys.add(("parent", str(company.parent_id)))
    return keys


def contact_keys(contact: ContactFacts) -> set[LookUpKey]:
    """Under which companies a contact is found, those it was linked to or named before included."""
    keys = {("host", host) for host in _hosts(contact)}
    keys |= {("at", str(company_id)) for company_id in _linked_ids(contact)}
    return keys | {("firm", name) for name in _names(contact)}


def _hosts(contact: ContactFacts) -> set[str]:
    """The hosts and domains of a contact's addresses, but for those of free mail hosts."""
    addresses = [email for email in all_emails(contact) if not is_free(email)]
    hosts = {host_of(email) for email in addresses}
    return (hosts | {domain_of(email) for email in addresses}) - {""}


def _names(contact: ContactFacts) -> set[str]:
    employers = (text.text for text in texts_of(contact, *EMPLOYERS))
    former = (version.value for version in contact.history.get("company", ()))
    return companies.name_keys((contact.company_text, *employers, *former))


def _linked_ids(contact: ContactFacts) -> set[int]:
    history = contact.history.get("associatedcompanyid", ())
    former = (version.value.strip() for version in history)
    ids = (int(text) for text in former if text.isdecimal() and len(text) <= _LONGEST_ID)
    return {*contact.company_ids, *ids}


def directory(
    batch: Batch,
    contacts: Iterable[ContactFacts] = (),
    *,
    ids: Collection[int] = (),
    names: Collection[str] = (),
) -> Directory:
    """The portal's companies as far as these contacts, ids and plain names can mean them."""
    wanted, hosts, plain = set(ids), set[str](), set(names)
    for contact in contacts:
        wanted |= _linked_ids(contact)
        hosts |= _hosts(contact)
        plain |= _names(contact)
    meant = company_keys.reach(batch.tx, wanted, hosts, plain) if wanted or hosts or plain else ()
    known = record_facts.companies(batch, meant) if meant else {}
    return companies.directory(
        known.values(),
        free_hosts=frozenset(batch.portal_map.extra_free_hosts),
        own_domains=frozenset(batch.portal_map.staff_domains),
        migrations=frozenset(employer_changes.mass_moves(batch.tx, known) if known else ()),
    )
