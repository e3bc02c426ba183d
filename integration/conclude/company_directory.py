"""Companies in a step: their look-up keys, and the small directory of those that a page of contacts touches."""

from collections.abc import Collection, Iterable

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.portal.invalidation import Change
from integration.storage.findings import employer_changes
from integration.storage.mirror import company_keys, deal_rows, mirror
from mappings.rules.facts import EMPLOYERS, CompanyFacts, ContactFacts, Directory, texts_of
from mappings.rules.identity import companies
from mappings.rules.identity.linkage import all_emails
from mappings.rules.text.address_kinds import clean_email, domain_of, host_of, is_free, is_role
from mappings.rules.text.names import spoken

LookUpKey = tuple[str, str]


def refresh(batch: Batch, company_ids: Collection[int]) -> None:
    """Bring the look-up keys of changed companies up to date, and say what changed with them."""
    facts = record_facts.companies(batch, company_ids)
    company_ids = [one for one in company_ids if one not in batch.broken("company")]
    wanted = {one: _all_keys(batch, facts[one]) if one in facts else set() for one in company_ids}
    current = company_keys.keys_of(batch.tx, company_ids)
    gone = {one: current.get(one, set()) - wanted[one] for one in company_ids}
    new = {one: wanted[one] - current.get(one, set()) for one in company_ids}
    company_keys.change_keys(batch.tx, gone=gone, new=new)
    changes = {one: gone[one] | new[one] for one in company_ids if gone[one] | new[one]}
    renamed = {one for one, keys in changes.items() if any(kind == "name" for kind, _ in keys)}
    batch.changed(Change.COMPANY_STAFF_CHANGED, companies=renamed)
    today = mirror.resolve(batch.tx, "company", company_ids)
    merged = {old: survivor for old, survivor in today.items() if old != survivor}
    batch.changed(
        Change.COMPANIES_MERGED, deals=deal_rows.repoint(batch.tx, merged) if merged else ()
    )
    batch.changed(Change.COMPANY_CHANGED, companies={*today.keys(), *today.values()})
    both = {*merged, *merged.values()}
    keys = {key for several in changes.values() for key in several}
    batch.changed(Change.COMPANY_KEYS_CHANGED, companies={*changes, *both}, keys=keys)
    bought = {
        one for one, several in changes.items() if any(kind == "since" for kind, _ in several)
    }
    batch.changed(Change.CUSTOMER_STATUS_CHANGED, companies=bought | both)


def staff_changed(batch: Batch, keys: Collection[LookUpKey]) -> None:
    """Somebody came to the companies that contacts' keys mean, or left."""
    by_kind = {
        kind: {value for one, value in keys if one == kind} for kind in ("at", "host", "firm")
    }
    if any(by_kind.values()):
        at = {int(one) for one in by_kind["at"]}
        meant = company_keys.reach(batch.tx, at, by_kind["host"], by_kind["firm"])
        batch.changed(Change.COMPANY_STAFF_CHANGED, companies=meant)


def keys_of(company: CompanyFacts) -> set[LookUpKey]:
    """Under what a company can be found; a gone one under nothing."""
    if company.archived:
        return set()
    names = companies.name_keys((company.name, *company.former_names))
    keys = {("domain", domain.lower()) for domain in company.domains} | {
        ("name", name) for name in names
    }
    return keys | ({("parent", str(company.parent_id))} if company.parent_id is not None else set())


def _all_keys(batch: Batch, company: CompanyFacts) -> set[LookUpKey]:
    """Beside the look-up keys what others quote of a company: its name as spoken, and since when it is a customer."""
    keys = keys_of(company)
    if keys:
        keys.add(("called", spoken(company.name)))
    if keys and batch.portal_map.customer_stage and company.customer_since is not None:
        keys.add(("since", company.customer_since.isoformat()))
    return keys


def contact_keys(contact: ContactFacts) -> set[LookUpKey]:
    """Under which companies a contact is found: by its addresses, typed company names, links, and former links."""
    keys = {("host", host) for email in _addresses(contact) for host in _hosts(email)}
    keys |= {("at", str(one)) for one in _ids(contact)}
    return keys | {("firm", name) for name in _names(contact)}


def _addresses(contact: ContactFacts) -> set[str]:
    return {one for one in all_emails(contact) if not is_free(one)}


def _hosts(email: str) -> set[str]:
    return {host_of(email), domain_of(email)} - {""}


def _names(contact: ContactFacts) -> set[str]:
    employers = (text.text for text in texts_of(contact, *EMPLOYERS))
    former = (version.value for version in contact.history.get("company", ()))
    return companies.name_keys((contact.company_text, *employers, *former))


def directory(
    batch: Batch,
    contacts: Iterable[ContactFacts] = (),
    *,
    ids: Collection[int] = (),
    names: Collection[str] = (),
    emails: Collection[str] = (),
) -> Directory:
    """The portal's companies as far as these contacts, ids, plain names and addresses can mean them."""
    wanted, domains, plain = set(ids), set[str](), set(names)
    for email in emails:
        domains |= _hosts(clean_email(email))
    for contact in contacts:
        wanted |= _ids(contact)
        plain |= _names(contact)
        for email in _addresses(contact):
            domains |= _hosts(email)
    anything = wanted or domains or plain
    known = (
        record_facts.companies(batch, company_keys.reach(batch.tx, wanted, domains, plain))
        if anything
        else {}
    )
    return companies.directory(
        known.values(),
        free_hosts=frozenset(batch.portal_map.extra_free_hosts),
        own_domains=frozenset(batch.portal_map.staff_domains),
        migrations=frozenset(employer_changes.mass_moves(batch.tx, known))
        if known
        else frozenset(),
    )


def _ids(contact: ContactFacts) -> set[int]:
    past = (version.value.strip() for version in contact.history.get("associatedcompanyid", ()))
    return {*contact.company_ids, *(int(one) for one in past if one.isdecimal() and len(one) < 19)}  # noqa: PLR2004 - longer is no id


def is_personal(email: str) -> bool:
    """Whether an address can stand for one human at one company."""
    return bool(email) and not is_free(email) and not is_role(email)
