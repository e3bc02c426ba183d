"""Changes of employer of open-source contributors, as a CRM would have lived through them.

A list of contributors was taken at seven dates. Each date is an import by mail address, as CRMs do
it: a record that shares an address with a contact updates it, any other makes a new contact. The
contact's primary address is the one at its current company, if it has one there. The app then reads
the portal with its history like any other: once with companies as imports set them, together
with names and addresses, and once as if users had typed them.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import tldextract

from tests.accuracy import people
from tests.accuracy.calibration import Halves
from tests.accuracy.ground import Ground
from tests.accuracy.halves import Half, half_of
from tests.accuracy.moving import AUTOMATIC, REVIEW
from tests.accuracy.plain_portal import conclude, moment, record, rows
from tests.accuracy.reading import Reading
from tests.accuracy.tables import Aim, Cell, Grid, Report
from tests.sandbox.town_real import _PRIVATE
from tests.sandbox.town_rows import PRIMARY, Link, Record, Value

# Who is said to have changed the company, and the portal in which that is so.
READINGS = (
    ("companies set by imports", "IMPORT", 4713),
    ("companies typed by users", "CRM_UI", 4715),
)
# A person on their own has no company; the list marks them so.
NOBODY = frozenset({"", "*independent"})
REAL, GAP, NONE = "employer_changed", "over a gap", "no such change"
Step = tuple[str, str, str]  # person, company before, company after


@dataclass(slots=True)
class Contact:
    """A contact while imports go over it."""

    id: int
    created: date
    emails: list[str] = field(default_factory=list)
    primary: str = ""
    values: list[Value] = field(default_factory=list)
    now: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: str, day: date, source: str = "IMPORT") -> None:
        """An import overwrites what differs and leaves alone what it has nothing for."""
        if value and self.now.get(name) != value:
            self.now[name] = value
            self.values.append(Value(name, value, moment(day), source))


@dataclass(slots=True)
class Portal:
    """Contacts and companies as the imports leave them."""

    hosts: Mapping[str, frozenset[str]]
    source: str
    companies: dict[str, int] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    by_email: dict[str, Contact] = field(default_factory=dict)
    of_record: dict[str, int] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    first_day: date | None = None

    def take(self, row: Mapping[str, str], day: date) -> None:
        """Import one row."""
        self.first_day = self.first_day or day
        emails = [one.lower() for one in row["emails"].split(";") if one]
        known = Counter(self.by_email[one].id for one in emails if one in self.by_email)
        contact = self.contacts[known.most_common(1)[0][0] - FIRST] if known else self._new(day)
        self.of_record[row["record_id"]] = contact.id
        for one in emails:
            if self.by_email.setdefault(one, contact) is contact and one not in contact.emails:
                contact.emails.append(one)
        self._write(contact, row, day)

    def _new(self, day: date) -> Contact:
        contact = Contact(FIRST + len(self.contacts), day)
        self.contacts.append(contact)
        return contact

    def _write(self, contact: Contact, row: Mapping[str, str], day: date) -> None:
        first, _, last = row["written_name"].partition(" ")
        company = row["current_company"]
        at_work = [
            one for one in contact.emails if one.rpartition("@")[2] in self.hosts.get(company, ())
        ]
        contact.primary = (
            at_work[0] if at_work else contact.primary or next(iter(contact.emails), "")
        )
        contact.put("email", contact.primary, day)
        contact.put(
            "hs_additional_emails",
            ";".join(one for one in contact.emails if one != contact.primary),
            day,
        )
        contact.put("firstname", first, day)
        contact.put("lastname", last, day)
        if company in NOBODY:
            return
        number = self.companies.setdefault(company, FIRST_COMPANY + len(self.companies))
        if contact.now.get("associatedcompanyid") != str(number):
            self.links.append(Link("contact", contact.id, "company", number, PRIMARY, moment(day)))
        contact.put("associatedcompanyid", str(number), day, self.source)
        contact.put("company", company, day, self.source)

    def records(self) -> list[Record]:
        """Everything as records with history."""
        day = self.first_day or datetime.now(UTC).date()
        made = [
            record(
                "company", number, day, {"name": name, "domain": min(self.hosts.get(name, {""}))}
            )
            for name, number in self.companies.items()
        ]
        return made + [
            Record("contact", one.id, moment(one.created), tuple(one.values))
            for one in self.contacts
        ]


FIRST, FIRST_COMPANY = 2_000_000, 30_000_000


def imported(folder: Path, source: str = "IMPORT") -> Portal:
    """All imports, oldest first, the last one today."""
    taken = sorted(
        rows(folder / "records.csv.gz"), key=lambda row: (row["snapshot"], row["record_id"])
    )
    shift = datetime.now(UTC).date() - date.fromisoformat(taken[-1]["snapshot"]) - timedelta(1)
    portal = Portal(hosts_of(folder / "company_names_domains.csv"), source)
    for row in taken:
        portal.take(row, date.fromisoformat(row["snapshot"]) + shift)
    return portal


def hosts_of(file: Path) -> dict[str, frozenset[str]]:
    """Mail hosts by company name, as the made-up addresses spell them."""
    extract = tldextract.TLDExtract(suffix_list_urls=())
    with file.open(encoding="utf-8", newline="") as table:
        return {
            row["company_name"]: frozenset(
                f"{extract(one).domain}.example" for one in row["domains"].split(";") if one
            )
            for row in csv.DictReader(table)
        }


@dataclass(frozen=True, slots=True)
class Known:
    """What really happened: settled changes by kind, the companies each person was seen at, and who each contact is."""

    changes: Mapping[Step, str]
    seen: Mapping[str, tuple[str, ...]]
    whose: Mapping[int, str]

    def verdict(self, step: Step) -> str:
        """What a claimed change really is."""
        person, former, new = step
        if step in self.changes:
            return self.changes[step]
        seen = self.seen.get(person, ())
        both = former in seen and new in seen[seen.index(former) + 1 :]
        return GAP if both else NONE


def truth_of(folder: Path, portal: Portal) -> Known:
    """The truth, in terms of contacts."""
    owner = {
        row["record_id"]: row["person_id"] for row in rows(folder / "truth" / "identity.csv.gz")
    }
    changes = {
        (row["person_id"], row["company_before"], row["company_after"]): row["kind"]
        for row in rows(folder / "truth" / "employer_changes.csv.gz")
    }
    seen: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows(folder / "records.csv.gz"), key=lambda row: row["snapshot"]):
        seen[owner[row["record_id"]]].append(row["current_company"])
    whose = {portal.of_record[one]: person for one, person in owner.items()}
    return Known(changes, {person: tuple(names) for person, names in seen.items()}, whose)


def run(ground: Ground, folder: Path) -> tuple[Report, Halves]:
    """Load, conclude, score; and how sure the app was of who is who."""
    told: list[tuple[str, Portal, Reading]] = []
    for name, source, portal_id in READINGS:
        portal = imported(folder, source)
        settings = {"extra_free_hosts": "\n".join(private_hosts(portal))}
        title = f"Contributors {portal_id}"
        found = conclude(ground, portal_id, title, portal.records(), portal.links, settings)
        told.append((name, portal, found))
    known = truth_of(folder, told[0][1])
    # Both portals hold the same people, so their pairs are counted once.
    return report(told, known), people.confidences(known.whose, told[0][2].pairs)


def private_hosts(portal: Portal) -> list[str]:
    """Where private mail lives, as the owner of such a portal would know."""
    hosts = {one.rpartition("@")[2] for one in portal.by_email}
    return sorted(
        host for host in hosts if host.endswith(".example") and host.partition(".")[0] in _PRIVATE
    )


def report(told: Sequence[tuple[str, Portal, Reading]], known: Known) -> Report:
    """Changes found beside believing every changed company field, and who is who."""
    claims: list[tuple[str, set[Step]]] = []
    for name, portal, found in told:
        names = {number: company for company, number in portal.companies.items()}
        claims.append((f"ours, automatic, {name}", _told(known, found, names, AUTOMATIC)))
        claims.append((f"ours, automatic and review, {name}", _told(known, found, names, REVIEW)))
    claims.append(("naive: every change of the company field", _changed(told[0][1], known)))
    lines = [
        (name, *_line(known, some, Half.CHECKING), *_line(known, some, Half.FITTING)[:2])
        for name, some in claims
    ]
    columns = (
        "employer changes", "precision", "recall", "right", "found", "over a gap", "wrong ones are", "fitting P",
        "fitting R",
    )  # fmt: skip
    note = "Over a gap: the person was really at both companies, but what lay between is not on record; not scored."
    grouped = [(f"ours, {name}", found.persons) for name, _, found in told]
    scored = Report()
    scored.add(
        Grid("Employer changes of contributors", columns, tuple(lines), (note,)),
        people.overview(
            "Same contributor, one person", known.whose, [*grouped, ("the imports alone", {})]
        ),
        aims=aims(known, claims[0][1]),
    )
    return scored


def aims(known: Known, claims: Iterable[Step]) -> list[Aim]:
    """What is wanted where imports set companies: they change address and company together."""
    precision, recall, *_ = _line(known, claims, Half.CHECKING)
    name = f"employer changes, automatic, {READINGS[0][0]}"
    return [
        Aim(f"{name}: precision", _figure(precision), 0.95),
        Aim(f"{name}: recall", _figure(recall), 0.5),
    ]


def _figure(cell: Cell) -> float | None:
    return cell if isinstance(cell, float) else None


def _told(
    known: Known, found: Reading, names: Mapping[int, str], statuses: frozenset[str]
) -> set[Step]:
    return {
        (
            known.whose[one.former],
            names.get(one.former_company or 0, ""),
            names.get(one.new_company, ""),
        )
        for one in found.moves
        if one.new_company is not None and one.status in statuses and one.former in known.whose
    }


def _changed(portal: Portal, known: Known) -> set[Step]:
    """Every change of a contact's company field."""
    found: set[Step] = set()
    for contact in portal.contacts:
        named = [value.value for value in contact.values if value.name == "company"]
        found |= {(known.whose[contact.id], old, new) for old, new in itertools.pairwise(named)}
    return found


def _line(known: Known, claims: Iterable[Step], half: Half) -> tuple[Cell, ...]:
    verdicts = Counter(known.verdict(step) for step in claims if half_of(step[0]) is half)
    true = [
        step for step, kind in known.changes.items() if kind == REAL and half_of(step[0]) is half
    ]
    right = verdicts.pop(REAL, 0)
    gaps = verdicts.pop(GAP, 0)
    claimed = right + verdicts.total()
    wrong = ", ".join(f"{count} {kind}" for kind, count in verdicts.most_common())
    return (
        right / claimed if claimed else None, right / len(true) if true else None, f"{right}/{claimed}",
        f"{right}/{len(true)}", gaps, wrong,
    )  # fmt: skip
