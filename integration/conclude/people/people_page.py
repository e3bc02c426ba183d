"""The page of stage one: contacts, who could be the same humans, and what they are judged by."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from integration.conclude import company_directory, overrides, record_facts
from integration.conclude.batch import Batch
from integration.conclude.people import candidate_pairs, champion_strength
from integration.conclude.people.candidate_pairs import Blocks
from integration.storage.database import Row
from integration.storage.findings import employer_changes, move_rows, person_rows
from integration.storage.findings.employer_changes import EmployerChange
from integration.storage.findings.person_rows import IdentityKey
from mappings.kinds import ObjectType
from mappings.rules.attribution import decisions as decided
from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import ContactFacts, Directory, TextKind, texts_of
from mappings.rules.identity import linkage, name_rarity
from mappings.rules.identity.frequencies import Frequencies, values_of
from mappings.rules.identity.name_rarity import NamesToCount
from mappings.rules.text.names import ANY_END, NameStats

Pair = tuple[int, int]
# Records of one city or title that are counted at most: what more have says nothing.
_COMMON = 20_000


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What a page of contacts is grouped by and its moves are found by.

    `claimed` are the contacts of the page, but for those that could not be read. `contacts` are the
    living ones among them and among those that could be the same humans; `person_of` says which
    persons all these were until now, gone ones included. The rows and decisions below are those of
    any of these contacts or persons. `pairs` are the contacts to be weighed against each other.
    `customers_since` is None where no contact tells how it knows us: only such an answer is judged
    by it.
    """

    claimed: frozenset[int]
    contacts: Mapping[int, ContactFacts]
    person_of: Mapping[int, int]
    companies: Directory
    pairs: Collection[Pair]
    frequencies: Frequencies
    decisions: list[Decision]
    employer_changes: frozenset[EmployerChange]
    moves: Collection[Row]
    customers_since: Mapping[int, datetime] | None

    def was_customer(self, company_id: int, at: datetime) -> bool:
        """Whether a company was a customer at a time."""
        since = (self.customers_since or {}).get(company_id)
        return since is not None and since <= at


def load(batch: Batch, contact_ids: Collection[int]) -> PeoplePage:
    """Read everything that a page of contacts is judged by, with a bounded number of queries."""
    blocks = candidate_pairs.blocks_of(batch, contact_ids)
    candidates = candidate_pairs.candidates(batch, contact_ids, blocks)
    person_of, _ = person_rows.groups(batch.tx, candidates)
    contacts = record_facts.living_contacts(batch, candidates | person_of.keys())
    # What could not be read is not gone: it stays the person it is.
    broken = batch.broken(ObjectType.CONTACT)
    person_of = {contact: person for contact, person in person_of.items() if contact not in broken}
    companies = company_directory.directory(batch, contacts.values())
    decisions = overrides.of_people(batch, contacts)
    pairs = linkage.pairs_to_weigh(contacts.values(), blocks.oversized, batch.policy)
    persons = {*contacts, *person_of.values()}  # a person's id is that of one of its contacts
    return PeoplePage(
        claimed=frozenset(contact_ids) - broken,
        contacts=contacts,
        person_of=person_of,
        companies=companies,
        pairs=pairs,
        frequencies=_frequencies(batch, contacts, companies, blocks, pairs, decisions),
        decisions=decisions,
        employer_changes=frozenset(employer_changes.changes_of(batch.tx, persons)),
        moves=move_rows.of_persons(batch.tx, persons),
        customers_since=_customers_since(batch, contacts.values(), companies),
    )


def _frequencies(
    batch: Batch,
    contacts: Mapping[int, ContactFacts],
    companies: Directory,
    blocks: Blocks,
    pairs: Collection[Pair],
    decisions: Collection[Decision],
) -> Frequencies:
    """What linkage has to know of the whole portal to weigh the page's pairs."""
    paired = [contacts[contact_id] for contact_id in set(chain.from_iterable(pairs))]
    phones = {number for contact in paired for number in contact.mobiles}
    values = frozenset[IdentityKey]().union(*map(values_of, paired))
    return Frequencies(
        companies,
        _name_stats(batch, name_rarity.to_count(contacts, pairs)),
        person_rows.holders(batch.tx, "phone", phones),
        decided.pairs(decisions),
        blocks.oversized,
        person_rows.counts_of(batch.tx, values, most=_COMMON),
    )


def _name_stats(batch: Batch, wanted: NamesToCount) -> NameStats:
    """How many contacts of the portal bear these names, and have one that begins so."""
    beginnings = {name.removesuffix(ANY_END) for name in wanted.first if name.endswith(ANY_END)}
    begun = person_rows.beginning_so(batch.tx, "first", beginnings)
    first = person_rows.holders(batch.tx, "first", wanted.first)
    return NameStats(
        person_rows.known(batch.tx),
        {**first, **{f"{beginning}{ANY_END}": count for beginning, count in begun.items()}},
        person_rows.holders(batch.tx, "last", wanted.last),
    )


def _customers_since(
    batch: Batch, contacts: Iterable[ContactFacts], companies: Directory
) -> dict[int, datetime] | None:
    if not any(_tells_how_known(contact) for contact in contacts):
        return None
    return champion_strength.customers_since(batch, set(companies.companies))


def _tells_how_known(contact: ContactFacts) -> bool:
    return next(texts_of(contact, TextKind.ANSWER), None) is not None
