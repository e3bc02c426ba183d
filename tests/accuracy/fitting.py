"""python -m tests.accuracy.fitting: the evidence of record linkage, measured on the fitting half.

The rules work on the development data directly, without an app, in seconds. Printed are how often
each evidence stands between two records of one human and of two, what that is worth in bits, and
what the policy gives for it; then how sure pairs were and how often it was so, and what automatic
moves are wrong, all of people that rules may be fitted on. The checking half is not looked at.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from mappings.records import readers
from mappings.records.portal_map import PortalMap
from mappings.records.rows import Link as RecordLink
from mappings.records.rows import Record as RecordRow
from mappings.records.what_is_read import HISTORY
from mappings.rules.facts import CompanyFacts, ContactFacts, Directory
from mappings.rules.findings import Move, Person
from mappings.rules.identity import blocking, companies, linkage, name_rarity
from mappings.rules.identity.frequencies import Frequencies, values_of
from mappings.rules.identity.match_weights import weigh
from mappings.rules.job_changes.employments import timeline
from mappings.rules.job_changes.moves import find_moves
from mappings.rules.policy import DEFAULT
from mappings.rules.text import names
from tests.accuracy import calibration, employers, moving, twins
from tests.accuracy.__main__ import DATA
from tests.accuracy.halves import Half
from tests.accuracy.reading import Pair
from tests.accuracy.tables import Grid, show
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import PRIMARY, Link, Record
from tests.sandbox.truth_facts import Truth


@dataclass(frozen=True, slots=True)
class Sample:
    """One set of development data as facts, with who each contact is."""

    name: str
    contacts: Mapping[int, ContactFacts]
    companies: Directory
    truth: Truth

    def is_fitting(self, contact_id: int) -> bool:
        """Whether rules may be fitted on this contact's human."""
        return moving.of_half(self.truth, contact_id, Half.FITTING)

    def is_one_human(self, pair: Pair) -> bool:
        """Whether two records are really one human's."""
        return self.truth.people[pair[0]] == self.truth.people[pair[1]]


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    folder: Path = parser.parse_args().data
    say = Console(highlight=False, soft_wrap=True, width=140)
    if not (folder / "crm").is_dir():
        say.print(f"No development data in {folder}: nothing to fit on.")
        return
    cases = []
    for read in (a_crm, contributors, a_list_and_its_copy):
        sample = read(folder)
        portal = frequencies(sample)
        show(say, evidence(sample, portal))
        persons = linkage.group_people(sample.contacts.values(), portal, DEFAULT)
        links = [*persons.reviews, *(link for person in persons.persons for link in person.links)]
        sure = {(link.a, link.b): link.p / 1_000_000 for link in links}
        cases += [(p, sample.is_one_human(pair)) for pair, p in _fitting(sample, sure).items()]
        if sample.truth.moves:
            show(say, wrong_moves(sample, persons.persons))
    show(say, calibration.table("same human, all samples, fitting half", cases, ()))


def _fitting(sample: Sample, sure: Mapping[Pair, float]) -> dict[Pair, float]:
    return {pair: p for pair, p in sure.items() if sample.is_fitting(pair[0])}


# The samples


def a_crm(folder: Path) -> Sample:
    """The CRM history."""
    town = read_town(folder / "crm", datetime.now(UTC).date())
    hosts = town.free_mail_hosts
    return _sample("CRM history", town.records, town.links, town.truth, hosts, country="US")


def contributors(folder: Path) -> Sample:
    """The lists of contributors over the years."""
    portal = employers.imported(folder / "oss_identity")
    whose = employers.truth_of(folder / "oss_identity", portal).whose
    hosts = frozenset(employers.private_hosts(portal))
    known = Truth(people=dict(whose))
    return _sample("contributors", portal.records(), portal.links, known, hosts, country="US")


def a_list_and_its_copy(folder: Path) -> Sample:
    """The list and its corrupted copy."""
    made, whose = twins.contacts(folder / "febrl")
    return _sample("a list and its copy", made, (), Truth(people=whose), frozenset(), country="AU")


def _sample(
    name: str,
    records: Iterable[Record],
    links: Iterable[Link],
    known: Truth,
    free_hosts: frozenset[str],
    *,
    country: str,
) -> Sample:
    portal_map = PortalMap(home_country=country, extra_free_hosts=tuple(sorted(free_hosts)))
    linked: defaultdict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    for link in links:
        if link.to_kind == "company":
            linked[link.from_kind, link.from_id][link.to_id] = link.label
    contacts: dict[int, ContactFacts] = {}
    firms: list[CompanyFacts] = []
    for record in records:
        own = linked.get((record.kind, record.id), {})
        if record.kind == "contact":
            contacts[record.id] = readers.contact_facts(_row(record, own), portal_map)
        elif record.kind == "company":
            facts = readers.company_facts(_row(record, {}), portal_map)
            firms.append(replace(facts, parent_id=next(iter(own), None)))
    directory = companies.directory(firms, free_hosts=free_hosts)
    return Sample(name, contacts, directory, known)


def _row(record: Record, linked: Mapping[int, str]) -> RecordRow:
    """A record as the mirror keeps it, its present company the primary one."""
    now = record.current()
    history = {
        name: [
            {"value": value.value, "timestamp": value.at.isoformat(), "sourceType": value.source}
            for value in reversed(record.history(name))
        ]
        for name in HISTORY.get(record.kind, ())
    }
    links = [
        RecordLink("contact", record.id, "company", company, _type(company, label, now))
        for company, label in linked.items()
    ]
    now.setdefault("createdate", record.created.isoformat())
    return RecordRow(
        record.kind,
        record.id,
        now,
        {name: versions for name, versions in history.items() if versions},
        record.created,
        links=links,
    )


_PRIMARY_TYPE, _PLAIN_TYPE = 1, 279


def _type(company: int, label: str, now: Mapping[str, str]) -> int:
    is_primary = label == PRIMARY and now.get("associatedcompanyid") == str(company)
    return _PRIMARY_TYPE if is_primary else _PLAIN_TYPE


def frequencies(sample: Sample) -> Frequencies:
    """What the app would count in a portal of these contacts."""
    contacts = sample.contacts.values()
    first, last, held, phones, keys = (Counter[str]() for _ in range(5))
    values = Counter(value for contact in contacts for value in values_of(contact))
    for contact in contacts:
        given, family = (
            " ".join(names.tokens(text)) for text in (contact.first_name, contact.last_name)
        )
        if given and family:
            first[given] += 1
            last[family] += 1
        phones.update(contact.mobiles)
        keys.update(linkage.block_keys(contact))
    oversized = frozenset(key for key, count in keys.items() if count > blocking.WIDEST)
    pairs = linkage.pairs_to_weigh(contacts, oversized, DEFAULT)
    for name in name_rarity.to_count(sample.contacts, pairs).first:
        if name.endswith(names.ANY_END):
            held[name] = _begin_so(first, name.removesuffix(names.ANY_END))
    stats = names.NameStats(len(sample.contacts), {**first, **held}, last)
    return Frequencies(sample.companies, stats, phones, oversized=oversized, counts=values)


def _begin_so(counts: Mapping[str, int], beginning: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(beginning))


# What is measured


def evidence(sample: Sample, portal: Frequencies) -> Grid:
    """Each evidence among candidate pairs of the fitting half, in bits as measured and as kept."""
    pairs = linkage.pairs_to_weigh(sample.contacts.values(), portal.oversized, DEFAULT)
    shown: defaultdict[str, list[tuple[bool, float]]] = defaultdict(list)
    verdicts = Counter[bool]()
    for pair in pairs:
        if not sample.is_fitting(pair[0]):
            continue
        verdicts[sample.is_one_human(pair)] += 1
        contacts = (sample.contacts[contact_id] for contact_id in pair)
        old, new = sorted(contacts, key=lambda contact: (contact.created_at, contact.id))
        for bits, reason in weigh(old, new, portal, DEFAULT):
            shown[reason.code].append((sample.is_one_human(pair), bits))
    rows = tuple(_line(code, found, verdicts) for code, found in sorted(shown.items()))
    columns = ("evidence", "one human", "two", "bits measured", "bits kept, on average")
    title = f"{sample.name}: {verdicts[True]:,} pairs of one human, {verdicts[False]:,} of two"
    return Grid(title, columns, rows)


def _line(
    code: str, found: Sequence[tuple[bool, float]], verdicts: Mapping[bool, int]
) -> tuple[str, int, int, float, float]:
    one = sum(is_one for is_one, _ in found)
    two = len(found) - one
    # Half a pair is added to each, so that what never happened has a measure, too.
    among_one = (one + 0.5) / (verdicts[True] + 1)
    among_two = (two + 0.5) / (verdicts[False] + 1)
    kept = sum(bits for _, bits in found) / len(found)
    return code, one, two, round(math.log2(among_one / among_two), 1), round(kept, 1)


def wrong_moves(sample: Sample, persons: Sequence[Person]) -> Grid:
    """Automatic moves of the fitting half, by what they really were."""
    found = [move for move in _moves(sample, persons) if move.status == "auto"]
    pairs = [
        (move.former_contact_id, move.new_contact_id)
        for move in found
        if move.new_company_id is not None
    ]
    score = moving.score(sample.truth, dict.fromkeys(pairs), Half.FITTING)
    rows = tuple(sorted(score.wrong_by_kind.items(), key=lambda kind: -kind[1]))
    return Grid(f"Automatic moves, fitting half: {score}", ("wrong ones are", "moves"), rows)


def _moves(sample: Sample, persons: Sequence[Person]) -> list[Move]:
    directory = replace(sample.companies, migrations=_crowds(sample, persons))
    moves: list[Move] = []
    for person in persons:
        found = find_moves(person, sample.contacts, directory, DEFAULT, datetime.now(UTC))
        moves += found.moves
    return moves


def _crowds(sample: Sample, persons: Sequence[Person]) -> frozenset[tuple[int, int]]:
    changes = []
    staff = Counter(
        company for contact in sample.contacts.values() for company in set(contact.company_ids)
    )
    for person in persons:
        records = [sample.contacts[contact_id] for contact_id in person.contact_ids]
        for old, new in pairwise(timeline(records, sample.companies)):
            changes.append((person.id, old.company_id, new.company_id, new.since))
    staff.update(company for _, company in {(person, old) for person, old, _, _ in changes})
    return companies.mass_moves(changes, staff, DEFAULT)


if __name__ == "__main__":
    main()
