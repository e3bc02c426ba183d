"""Companies in a step: their look-up keys, and the small directory of those that a page of contacts touches."""

from collections.abc import Collection, Iterable

from integration.conclude import reading
from integration.conclude.step import Step
from integration.storage import deals, firms, mirror, people, seeks
from mappings.rules import companies
from mappings.rules.addresses import clean_email, domain_of, host_of, is_free, is_role
from mappings.rules.facts import CompanyFacts, ContactFacts, Directory
from mappings.rules.identity import all_emails

Key = tuple[str, str]


def refresh(step: Step, company_ids: Collection[int]) -> None:
    """Bring the look-up keys of changed companies up to date and mark whom that may concern."""
    facts = reading.companies(step, company_ids)
    company_ids = [one for one in company_ids if one not in step.broken("company")]
    wanted = {one: keys_of(facts[one]) if one in facts else set() for one in company_ids}
    current = firms.keys_of(step.tx, company_ids)
    gone = {one: current.get(one, set()) - wanted[one] for one in company_ids}
    new = {one: wanted[one] - current.get(one, set()) for one in company_ids}
    firms.change_keys(step.tx, gone=gone, new=new)
    tell_seekers(step, [one for one in company_ids if any(kind == "name" for kind, _ in gone[one] | new[one])])
    changed = {key for side in (gone, new) for keys in side.values() for key in keys}
    touched = _contacts_by(step, changed)
    kin = {one for one in company_ids for kind, _ in gone[one] | new[one] if kind == "parent"}
    moved = mirror.resolve(step.tx, "company", company_ids)
    merged = {old: survivor for old, survivor in moved.items() if old != survivor}
    touched |= set(people.persons_of(step.tx, _linked(step, {*kin, *merged})))
    mirror.mark_stale(step.tx, mirror.PEOPLE, {("contact", one) for one in touched})
    repointed = deals.repoint(step.tx, merged) if merged else set()
    mirror.mark_stale(step.tx, mirror.DEALS, {("deal", one) for one in repointed})
    mirror.mark_stale(step.tx, mirror.SUMMARIES, {("company", one) for one in {*moved.keys(), *moved.values()}})


def tell_seekers(step: Step, company_ids: Collection[int]) -> None:
    """A text that seems to name one of these companies is read again: its people or its name are new."""
    values = {f"firm:{value.split()[0]}" for keys in firms.keys_of(step.tx, company_ids).values()
              for kind, value in keys if kind == "name"}  # fmt: skip
    if values:
        mirror.mark_stale(step.tx, mirror.DEALS, seeks.seekers(step.tx, values))


def _linked(step: Step, company_ids: Collection[int]) -> set[int]:
    return {link.from_id for link in mirror.links_to(step.tx, "contact", "company", company_ids)}


def _contacts_by(step: Step, changed: Iterable[Key]) -> set[int]:
    kinds = {"domain": "host", "name": "firm"}
    keys = [(kinds[kind], value) for kind, value in changed if kind in kinds]
    found = people.with_keys(step.tx, keys) if keys else {}
    return {one for ids in found.values() for one in ids}


def keys_of(company: CompanyFacts) -> set[Key]:
    """Under what a company can be found; a gone one under nothing."""
    if company.archived:
        return set()
    names = {companies.plain_name(name) for name in (company.name, *company.former_names)} - {""}
    keys = {("domain", domain.lower()) for domain in company.domains} | {("name", name) for name in names}
    return keys | ({("parent", str(company.parent_id))} if company.parent_id is not None else set())


def contact_keys(contact: ContactFacts) -> set[Key]:
    """The company keys that a contact's addresses and typed company names refer to."""
    keys = {("host", host) for email in _addresses(contact) for host in _hosts(email)}
    return keys | {("firm", name) for name in _names(contact)}


def _addresses(contact: ContactFacts) -> set[str]:
    return {one for one in all_emails(contact) if not is_free(one)}


def _hosts(email: str) -> set[str]:
    return {host_of(email), domain_of(email)} - {""}


def _names(contact: ContactFacts) -> set[str]:
    texts = (contact.company_text, contact.new_company or "", *(v.value for v in contact.history.get("company", ())))
    return {companies.plain_name(text) for text in texts if text} - {""}


def directory(
    step: Step,
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
    known = reading.companies(step, firms.reach(step.tx, wanted, domains, plain)) if anything else {}
    return companies.directory(
        known.values(),
        free_hosts=frozenset(step.portal_map.extra_free_hosts),
        own_domains=frozenset(step.portal_map.staff_domains),
        migrations=frozenset(people.migrations(step.tx, known)) if known else frozenset(),
    )


def _ids(contact: ContactFacts) -> set[int]:
    past = (version.value.strip() for version in contact.history.get("associatedcompanyid", ()))
    return {*contact.company_ids, *(int(one) for one in past if one.isdecimal() and len(one) < 19)}  # noqa: PLR2004 - longer is no id


def is_personal(email: str) -> bool:
    """Whether an address can stand for one human at one company."""
    return bool(email) and not is_free(email) and not is_role(email)
