"""Stage one: who is who among changed contacts and those that resemble them, and who went where."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from integration.conclude import (
    candidate_pairs,
    champion_strength,
    company_directory,
    overrides,
    record_facts,
    review_tasks,
)
from integration.conclude.batch import Batch
from integration.conclude.candidate_pairs import ComparisonSpace
from integration.storage.database import Row
from integration.storage.findings import (
    employer_changes,
    move_rows,
    pending_mentions,
    person_rows,
    source_rows,
    stored_shapes,
)
from integration.storage.findings.employer_changes import EmployerChange
from integration.storage.mirror import deal_rows, mirror
from integration.storage.mirror import survey_answers as answer_rows
from mappings.rules.facts import TELLS_OF_REFERRALS, ContactFacts, Directory, TextKind, texts_of
from mappings.rules.findings import IdentityLink, Move, Person
from mappings.rules.identity import linkage
from mappings.rules.identity.companies import mass_moves
from mappings.rules.job_changes.employments import timeline
from mappings.rules.job_changes.moves import WasCustomer, find_moves
from mappings.rules.referrals.referrals import code_key
from mappings.rules.text.names import tokens


def learn(batch: Batch, contact_ids: Collection[int]) -> set[int]:
    """Write under which keys changed contacts can be found; return all whose persons have to be looked at.

    An import learns every contact before it groups any: how much a name says depends on how many
    bear it.
    """
    claimed = set(contact_ids) | set(mirror.resolve(batch.tx, "contact", contact_ids).values())
    living = {
        one: facts
        for one, facts in record_facts.contacts(batch, claimed).items()
        if not facts.archived
    }
    claimed -= batch.broken("contact")
    codes = _own_codes(batch, living)
    keys = {
        one: _keys(living[one]) | codes.get(one, set()) if one in living else set()
        for one in claimed
    }
    # Before the import is through no text was read yet that could mean another.
    before = person_rows.keys_of(batch.tx, claimed) if batch.imported else {}
    if any(kind == "at" for one, found in before.items() for kind, _ in found - keys[one]):
        # Their answers counted where it no longer shows that they were.
        mark_employers(batch, claimed)
    person_rows.replace_keys(batch.tx, keys)
    _tell_seekers(batch, keys)
    company_directory.recheck_pending_mentions(
        batch, {one for facts in living.values() for one in facts.company_ids[:1]}
    )
    if batch.imported:
        company_directory.recheck_pending_mentions_of(
            batch, {key for one, found in keys.items() for key in found ^ before.get(one, set())}
        )
    return claimed


def refresh(batch: Batch, contact_ids: Collection[int]) -> None:
    """Regroup contacts into persons, find these persons' moves, and mark what rests on either."""
    claimed = set(contact_ids)
    universe = candidate_pairs.comparison_space(batch, claimed)
    claimed -= batch.broken("contact")
    persons, lost = _regroup(batch, universe, claimed)
    touched = _touched(persons, universe, claimed)
    known = _with_migrations(batch, touched, universe)
    changed = _store_moves(batch, touched, universe, known)
    _mark(batch, touched, lost, changed, gone=claimed - universe.contacts.keys())


def _tell_seekers(batch: Batch, keys: Mapping[int, Collection[tuple[str, str]]]) -> None:
    """A text that names one of these contacts is read again."""
    values = {
        f"{kind}:{value}"
        for found in keys.values()
        for kind, value in found
        if kind in {"mail", "name", "code"}
    }
    mirror.mark_stale(batch.tx, mirror.DEALS, pending_mentions.seekers(batch.tx, values))


def _keys(contact: ContactFacts) -> set[tuple[str, str]]:
    blocks = (key.partition(":") for key in linkage.block_keys(contact))
    first, last = (" ".join(tokens(part)) for part in (contact.first_name, contact.last_name))
    names = {("first", first), ("last", last)} if first and last else set()
    return (
        {(kind, value) for kind, _, value in blocks}
        | company_directory.contact_keys(contact)
        | names
        | {("contact", "")}
    )


def _own_codes(batch: Batch, living: Collection[int]) -> dict[int, set[tuple[str, str]]]:
    """The tracked codes that belong to contacts, where the portal keeps them on the contact."""
    codes: dict[int, set[tuple[str, str]]] = {}
    for _, name in batch.portal_map.mapped_texts("contact", TextKind.OWN_CODE):
        for contact_id, text in person_rows.texts(batch.tx, living, name).items():
            if text.strip():
                codes.setdefault(contact_id, set()).add(("code", code_key(text)))
    return codes


def _regroup(
    batch: Batch, universe: ComparisonSpace, claimed: set[int]
) -> tuple[list[Person], set[int]]:
    """Group the page's contacts into persons and store what changed; also return contacts that lost company."""
    grouping = linkage.group_people(
        universe.contacts.values(), candidate_pairs.portal(batch, universe), batch.policy
    )
    now = {one: person for person in grouping.persons for one in person.contact_ids}
    changed = {one for one, person in now.items() if universe.before.get(one) != person.id}
    reviews: dict[int, list[IdentityLink]] = {}
    for link in grouping.reviews:
        reviews.setdefault(link.a, []).append(link)
        reviews.setdefault(link.b, []).append(link)
    rows = [
        {
            "contact_id": one,
            "person_id": now[one].id,
            "because": [*_own_links(now[one], one), *reviews.get(one, ())],
        }
        for one in sorted(changed | (claimed & now.keys()))
    ]
    person_rows.store_persons(
        batch.tx, rows, gone=[one for one in universe.before if one not in now]
    )
    review_tasks.about_people(batch, grouping.reviews, claimed, changed, universe.contacts)
    left = changed - claimed
    together = _together(universe.before) if left else {}
    lost = {
        one
        for one in left
        if _lost_company(one, together.get(universe.before.get(one), ()), now[one])
    }
    return list(grouping.persons), lost


def _own_links(person: Person, contact_id: int) -> list[IdentityLink]:
    return [link for link in person.links if contact_id in {link.a, link.b}]


def _together(before: Mapping[int, int]) -> dict[int | None, list[int]]:
    """Persons as they were: with all their contacts."""
    found: dict[int | None, list[int]] = {}
    for one, person in before.items():
        found.setdefault(person, []).append(one)
    return found


def _lost_company(contact_id: int, companions: Collection[int], person: Person) -> bool:
    """Whether a contact is no longer with somebody it was grouped with: it may belong elsewhere now."""
    return any(one not in person.contact_ids for one in companions if one != contact_id)


def _touched(
    persons: Iterable[Person], universe: ComparisonSpace, claimed: set[int]
) -> list[Person]:
    """Persons with a contact of this page, or whose records are not those they were."""
    sizes = Counter(universe.before.values())
    return [
        person
        for person in persons
        if not claimed.isdisjoint(person.contact_ids)
        or any(universe.before.get(one) != person.id for one in person.contact_ids)
        or len(person.contact_ids) != sizes[person.id]
    ]


def _with_migrations(
    batch: Batch, persons: Iterable[Person], universe: ComparisonSpace
) -> Directory:
    """Note these persons' changes of employer, and tell crowds from job changes."""
    owners = {person.id for person in persons} | {
        group
        for person in persons
        for one in person.contact_ids
        if (group := universe.before.get(one)) is not None
    }
    now = {passage for person in persons for passage in _passages(person, universe)}
    before = employer_changes.changes_of(batch.tx, owners)
    gone, new = before - now, now - before
    employer_changes.replace_changes(batch.tx, gone=gone, new=new)
    left = {passage.from_company_id for passage in gone | new}
    if not left:
        return universe.companies
    crowds = _crowds(batch, left)
    known = employer_changes.mass_moves(batch.tx, left)
    employer_changes.replace_mass_moves(batch.tx, gone=known - crowds, new=crowds - known)
    _mark_crowd(batch, known ^ crowds, {person.id for person in persons})
    return replace(universe.companies, migrations=(universe.companies.migrations - known) | crowds)


def _passages(person: Person, universe: ComparisonSpace) -> Iterable[EmployerChange]:
    stints = timeline([universe.contacts[one] for one in person.contact_ids], universe.companies)
    for old, new in pairwise(stints):
        yield EmployerChange(person.id, old.company_id, new.company_id, new.since)


def _crowds(batch: Batch, left: Collection[int]) -> set[tuple[int, int]]:
    """The pairs between which a crowd went; whoever else left these companies tells whether it was one."""
    leavers = employer_changes.leavers(batch.tx, left, batch.policy.migration_persons)
    changes = [(one.person_id, one.from_company_id, one.to_company_id, one.at) for one in leavers]
    known = employer_changes.known_contacts(batch.tx, {one.from_company_id for one in leavers})
    return set(mass_moves(changes, known, batch.policy))


def _mark_crowd(batch: Batch, flipped: Collection[tuple[int, int]], here: set[int]) -> None:
    """What others did between these companies reads differently now."""
    others = (
        {one.person_id for one in employer_changes.changes_between(batch.tx, flipped)} - here
        if flipped
        else set()
    )
    members = person_rows.members(batch.tx, others) if others else {}
    mirror.mark_stale(batch.tx, mirror.PEOPLE, {("contact", ids[0]) for ids in members.values()})


def _store_moves(
    batch: Batch, persons: Collection[Person], universe: ComparisonSpace, known: Directory
) -> set[int]:
    """Store the persons' moves as differences; return the companies whose moves changed."""
    found: dict[tuple[int, str], Move] = {}
    was_customer = _customers(batch, universe)
    for person, result in batch.each(
        ((("contact", person.id), person) for person in persons),
        lambda person: find_moves(
            person, universe.contacts, known, batch.policy, batch.now, was_customer=was_customer
        ),
    ):
        found.update({(person.id, move.key): move for move in result.moves})
    found = overrides.moves(batch, found, persons)
    found = champion_strength.weighed(
        batch, found, {person.id: person for person in persons}, universe.contacts
    )
    owners = {person.id for person in persons} | set(universe.before.values()) & _dissolved(
        persons, universe
    )
    before = {
        (row["person_id"], row["move_key"]): row for row in move_rows.of_persons(batch.tx, owners)
    }
    rows = {key: _row(move, batch) for key, move in found.items()}
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or _differs(row, before[key])}
    if gone:
        move_rows.delete(batch.tx, gone)
    if new:
        move_rows.store(batch.tx, list(new.values()))
    review_tasks.about_moves(batch, [before[key] for key in gone], new.values())
    ends = [before[key] for key in gone] + [before[key] for key in new.keys() & before.keys()]
    return {
        one
        for row in (*ends, *new.values())
        for one in (row["former_company_id"], row["new_company_id"])
        if one is not None
    }


def _customers(batch: Batch, universe: ComparisonSpace) -> WasCustomer | None:
    """Who was a customer when; asked for only where somebody was heard to say how they know us."""
    if not any(any(texts_of(one, TextKind.ANSWER)) for one in universe.contacts.values()):
        return None
    since = champion_strength.customers_since(batch, set(universe.companies.companies))
    return lambda company, at: company in since and since[company] <= at


def _dissolved(persons: Collection[Person], universe: ComparisonSpace) -> set[int]:
    """Former persons of these contacts, and of contacts that are gone."""
    here = {one for person in persons for one in person.contact_ids}
    return {
        group
        for one, group in universe.before.items()
        if one in here or one not in universe.contacts
    }


def _row(move: Move, batch: Batch) -> dict[str, object]:
    return {
        "person_id": move.person_id,
        "move_key": move.key,
        "former_contact_id": move.former_contact_id,
        "new_contact_id": move.new_contact_id,
        "former_company_id": move.former_company_id,
        "new_company_id": move.new_company_id,
        "earliest": move.earliest,
        "latest": move.latest,
        "confidence": move.confidence / 1_000_000,
        "status": move.status,
        "body": move,
        "settings_version": batch.policy.version,
    }


def _differs(row: Mapping[str, object], stored: Row) -> bool:
    """Whether the stored move says something else; its body is compared as it would be written."""
    return (
        stored_shapes.differs(row["body"], stored["body"])
        or row["settings_version"] != stored["settings_version"]
    )


def _mark(
    batch: Batch,
    persons: Collection[Person],
    lost: set[int],
    changed_companies: set[int],
    *,
    gone: set[int],
) -> None:
    contacts = {one for person in persons for one in person.contact_ids} | gone
    linked = {link.from_id for link in mirror.links_to(batch.tx, "deal", "contact", contacts)}
    linked |= person_rows.deals_resting_on(batch.tx, contacts)
    mirror.mark_stages(
        batch.tx,
        {
            mirror.PEOPLE: {("contact", one) for one in lost},
            mirror.DEALS: _telling(batch, contacts) | {("deal", one) for one in linked},
            mirror.SUMMARIES: {("contact", one) for one in contacts}
            | {("company", one) for one in changed_companies}
            | _buyers(batch, contacts),
        },
    )


def _buyers(batch: Batch, contact_ids: Collection[int]) -> set[tuple[str, int]]:
    """The customers that these contacts are people of, or were: their answers stay with the company of their day."""
    employers = {
        link.to_id for link in mirror.links_from(batch.tx, "contact", contact_ids, "company")
    }
    employers |= answer_rows.companies_of(batch.tx, contact_ids)
    return {("company", one) for one in deal_rows.buyers(batch.tx, employers)}


def _telling(batch: Batch, contacts: Collection[int]) -> set[tuple[str, int]]:
    """Whose referrals have to be judged anew: those these contacts tell, and those they made."""
    told = source_rows.tellers(batch.tx, contacts)
    made = {
        (row["owner_type"], row["owner_id"])
        for row in source_rows.referrals_by(batch.tx, contact_ids=contacts)
    }
    return made | {
        ("contact", one)
        for one in told | person_rows.with_texts(batch.tx, contacts, _text_names(batch))
    }


def _text_names(batch: Batch) -> list[str]:
    return [name for _, name in batch.portal_map.mapped_texts("contact", *TELLS_OF_REFERRALS)]


def mark_employers(batch: Batch, contact_ids: Collection[int]) -> None:
    """Sum up anew the customers among whose answers those of these contacts are counted."""
    mirror.mark_stale(batch.tx, mirror.SUMMARIES, _buyers(batch, contact_ids))


def mark_movers(batch: Batch, contact_ids: Collection[int]) -> None:
    """Look again at those of these contacts that moved: what they were worth when leaving may read differently."""
    movers = {
        row["person_id"]
        for row in move_rows.of_persons(
            batch.tx, set(person_rows.persons_of(batch.tx, contact_ids).values())
        )
    }
    mirror.mark_stale(batch.tx, mirror.PEOPLE, {("person", one) for one in movers})
