"""The universe of a page: its contacts, all that could be the same humans, and the companies they mean."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integration.conclude import company_directory, overrides, record_facts
from integration.conclude.batch import Batch
from integration.storage.findings import person_rows
from integration.storage.findings.person_rows import IdentityKey
from mappings.records import readers
from mappings.records.rows import Record
from mappings.rules.facts import ContactFacts, Directory
from mappings.rules.identity import blocking, linkage
from mappings.rules.identity.name_variants import name_variants
from mappings.rules.identity.screening import NameForms, alike, name_forms
from mappings.rules.text.names import NameStats

_NONE = frozenset[IdentityKey]()


@dataclass(frozen=True, slots=True)
class ComparisonSpace:
    """The contacts of one page and all that could be the same humans, with the companies they mean.

    `crowded` are the keys that too many share: whoever else is on the page by chance is not
    compared for them.
    """

    contacts: Mapping[int, ContactFacts]
    before: Mapping[int, int]
    companies: Directory
    crowded: frozenset[str]


def comparison_space(batch: Batch, claimed: set[int]) -> ComparisonSpace:
    """Read these contacts and whoever could be one of them."""
    found = person_rows.blocking_keys(
        batch.tx, claimed, (*blocking.STRONG, *blocking.WEAK), widest=blocking.WIDEST
    )
    near = {one for (kind, _), ids in found.items() if kind in blocking.STRONG for one in ids}
    near |= overrides.partners(batch, claimed)
    weak = {key: ids for key, ids in found.items() if key[0] in blocking.WEAK}
    if linkage.needs_names(batch.policy):
        near |= _similar_names(
            batch, claimed | near, weak, {key for key, ids in found.items() if not ids}
        )
    else:
        near.update(*weak.values())
    before, _ = person_rows.groups(batch.tx, claimed | near)
    everybody = before.keys() | near | claimed
    contacts = {
        one: facts
        for one, facts in record_facts.contacts(batch, everybody).items()
        if not facts.archived
    }
    for one in batch.broken("contact") & before.keys():
        del before[one]
    crowded = frozenset(f"{kind}:{value}" for (kind, value), ids in found.items() if not ids)
    return ComparisonSpace(
        contacts, before, company_directory.directory(batch, contacts.values()), crowded
    )


def portal(batch: Batch, page: ComparisonSpace) -> linkage.NameFrequencies:
    """What identity has to know of the portal to weigh this page's pairs."""
    called = [name for contact in page.contacts.values() for name in name_variants(contact)]
    first, last = {" ".join(one.given) for one in called}, {" ".join(one.family) for one in called}
    phones = {number for one in page.contacts.values() for number in one.mobiles}
    return linkage.NameFrequencies(
        page.companies,
        NameStats(
            person_rows.known(batch.tx),
            person_rows.holders(batch.tx, "first", first),
            person_rows.holders(batch.tx, "last", last),
        ),
        person_rows.holders(batch.tx, "phone", phones) if phones else {},
        overrides.pairs(batch, page.contacts),
        page.crowded,
    )


def _similar_names(
    batch: Batch,
    sure: Collection[int],
    weak: Mapping[IdentityKey, Collection[int]],
    wide: Collection[IdentityKey],
) -> set[int]:
    """Whoever shares a weak key with one of these and a name, and with whom these share one in turn.

    Most that share a weak key are somebody else, so that their names are looked at first and
    nothing else is read. Two that share a key that *wide* crowds share are compared whatever their
    names.
    """
    others = {one for ids in weak.values() for one in ids}
    strong = {key for key in wide if key[0] in blocking.STRONG}
    bearers = person_rows.name_bearers(batch.tx, strong, others) if strong else {}
    names = _called(batch, others)
    beside: defaultdict[int, list[Collection[int]]] = defaultdict(list)
    for ids in weak.values():
        for one in ids:
            beside[one].append(ids)
    kept = others - names.keys()  # what cannot be read is told by the full reading
    new = [one for one in names if one in sure]
    left = names.keys() - set(new)
    while new:
        here = new.pop()
        mine, crowds = names[here], bearers.get(here, _NONE)
        met = left.intersection(set[int]().union(*beside[here]))
        found = {
            one
            for one in met
            if alike(mine, names[one]) or not crowds.isdisjoint(bearers.get(one, _NONE))
        }
        left -= found
        kept |= found
        new += found
    return kept


def _called(batch: Batch, contact_ids: Collection[int]) -> dict[int, NameForms]:
    """What contacts can be called; no more of them is read."""
    rows: Iterable[Record] = (
        Record("contact", one, properties)
        for one, properties in person_rows.names(batch.tx, contact_ids).items()
    )
    found = batch.each(
        ((("contact", one.id), one) for one in rows), lambda one: name_forms(readers.named(one))
    )
    return {record.id: names for record, names in found}
