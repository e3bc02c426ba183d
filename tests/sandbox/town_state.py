"""A town while it grows: firms, people, their seats at firms, and the drafts of their CRM records."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, chain, count

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words
from tests.sandbox.town_rows import PRIMARY, Link, Record, Value
from tests.sandbox.truth_facts import Move, NonMove

FOREVER = math.inf
AUTO = "COMPANY_AUTO_ASSOCIATION"
FIRST_IDS = {"contact": 1_000_000, "company": 20_000_000, "deal": 300_000_000, "ticket": 50_000_000}
FIRST_IDS |= {"feedback_submission": 700_000_000}
FIRST_IDS |= {"meeting": 810_000_000, "email": 820_000_000, "note": 830_000_000}


@dataclass(slots=True, eq=False)
class Draft:
    """A record in the making; days count from the town's first day."""

    kind: str
    id: int
    created: float
    writes: list[tuple[str, str, float, str]] = field(default_factory=list)
    now: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: str, day: float, source: str) -> None:
        """Write a value, unless it already stands."""
        if self.now.get(name, "") != value:
            self.writes.append((name, value, day, source))
            self.now[name] = value


@dataclass(slots=True, eq=False)
class Firm:
    """A company; *wins* are the days its won deals closed."""

    id: int
    draft: Draft
    name: str
    domain: str
    opened: float
    pull: float
    pattern: str
    parent: Firm | None = None
    wins: list[float] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    troubled: bool = False

    def is_customer(self, day: float) -> bool:
        """Some deal with an amount was won before *day*."""
        return any(won < day for won in self.wins)


@dataclass(slots=True, eq=False)
class Person:
    """A human being, whatever their records say."""

    key: str
    first: str
    last: str
    mobile: str
    profile: str
    job: tuple[str, ...]
    rung: int
    settled: bool = True
    seats: list[Seat] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The current rung's title."""
        return self.job[min(self.rung, len(self.job) - 1)]


@dataclass(slots=True, eq=False)
class Seat:
    """A person at a firm as one record shows it: known in the CRM since, really there until."""

    person: Person
    firm: Firm
    draft: Draft
    since: float
    until: float = FOREVER
    moved_from: Firm | None = None
    from_customer: bool = False
    hidden: bool = False  # a duplicate or a second job: no place to start a story from

    def there(self, day: float) -> bool:
        """Known and employed on *day*."""
        return self.since <= day < self.until


@dataclass(slots=True)
class Portal:
    """What districts of one portal share: ids, names and addresses are never given twice."""

    ids: dict[str, int] = field(default_factory=lambda: dict(FIRST_IDS))
    slugs: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    def next_id(self, kind: str) -> int:
        """A new id; HubSpot leaves gaps."""
        self.ids[kind] += 7
        return self.ids[kind]


@dataclass(slots=True)
class District:
    """One seeded piece of a town."""

    dice: random.Random
    portal: Portal
    start: datetime
    size: float
    firms: list[Firm] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    silent_moves: int = 0
    non_moves: list[NonMove] = field(default_factory=list)
    owners: tuple[int, ...] = ()
    _pulls: list[float] = field(default_factory=list)

    def at(self, day: float) -> datetime:
        """The moment of a day; nothing happens after the last one."""
        return self.start + timedelta(seconds=int(min(max(day, 0.0), rates.DAYS - 0.01) * 86400))

    def on(self, day: float) -> date:
        """The date of a day."""
        return self.at(day).date()

    def writer(self) -> str:
        """Who typed it."""
        return names.weighted(self.dice, rates.WRITERS)

    def draft(self, kind: str, day: float) -> Draft:
        """A new record."""
        made = Draft(kind, self.portal.next_id(kind), day)
        self.drafts.append(made)
        return made

    def link(self, one: Draft, other: Draft, day: float, label: str = "") -> None:
        """An association."""
        self.links.append(Link(one.kind, one.id, other.kind, other.id, label, self.at(day)))

    def contacts(self) -> int:
        """Contact records so far."""
        return sum(draft.kind == "contact" for draft in self.drafts)

    def pick_firm(self, *unlike: Firm) -> Firm:
        """A firm, big ones more often, no relative of the others and not in the middle of a sale."""
        shunned = {
            id(firm) for other in unlike for firm in (other, other.parent) if firm is not None
        }
        if len(self._pulls) != len(self.firms):
            self._pulls = list(accumulate(firm.pull for firm in self.firms))
        for _ in range(40):
            firm = self.dice.choices(self.firms, cum_weights=self._pulls)[0]
            if id(firm) not in shunned and id(firm.parent) not in shunned and not firm.troubled:
                return firm
        return next(firm for firm in self.firms if id(firm) not in shunned)


def new_person(district: District, name: tuple[str, str] | None = None) -> Person:
    """Somebody who was not there before."""
    dice = district.dice
    first, last = name or names.person_name(dice)
    number = len(district.people)
    tag = f"{dice.getrandbits(20):05x}"
    person = Person(
        key=f"p{district.portal.ids['contact']}-{number}",
        first=first,
        last=last,
        mobile=_mobile(dice),
        profile=f"linkedin.com/in/{names.slug(first)}-{names.slug(last)}-{tag}",
        job=dice.choice(words.JOBS)[1],
        rung=dice.randrange(3),
    )
    district.people.append(person)
    return person


def _mobile(dice: random.Random) -> str:
    """A mobile number of a plausible length that hardly anybody else has."""
    area, line, more = dice.randrange(201, 989), dice.randrange(100), dice.randrange(1000)
    return f"+1-{area}-555-{line:02d}{more % 100:02d}"


def work_address(district: District, person: Person, firm: Firm, prefix: str = "") -> str:
    """An unused address at the firm's domain."""
    dice = district.dice
    pattern = (
        firm.pattern
        if dice.random() < rates.FOLLOWS_PATTERN
        else names.weighted(dice, names.PATTERNS)
    )
    locals_ = [
        prefix + names.local_part(each, person.first, person.last)
        for each in (pattern, *names.PATTERNS)
    ]
    host = firm.domain or f"{names.slug(firm.name)}.example"
    numbered = (f"{locals_[0]}{number}@{host}" for number in count(2))
    address = next(
        each
        for each in chain((f"{local}@{host}" for local in locals_), numbered)
        if each not in district.portal.addresses
    )
    district.portal.addresses.add(address)
    return address


def new_record(
    district: District,
    person: Person,
    firm: Firm,
    day: float,
    *,
    address: str = "",
    private: bool = False,
) -> Draft:
    """A contact record at a firm; a private one knows the firm only as text."""
    dice, draft, source = district.dice, district.draft("contact", day), district.writer()
    email = address or work_address(district, person, firm)
    first, last, _ = names.written(dice, person.first, person.last, email)
    draft.put("email", email, day, source)
    draft.put("firstname", first, day, source)
    draft.put("lastname", last, day, source)
    if dice.random() < rates.FILLED["jobtitle"]:
        draft.put("jobtitle", person.title, day, source)
    if private or dice.random() < rates.FILLED["company"]:
        draft.put("company", names.company_text(dice, firm.name), day, source)
    _fill_details(district, draft, person, day, source)
    if not private and dice.random() < rates.FILLED["associatedcompanyid"]:
        employ(district, draft, firm, day, source)
    return draft


def _fill_details(
    district: District, draft: Draft, person: Person, day: float, source: str
) -> None:
    dice = district.dice
    if dice.random() < rates.FILLED["phone"]:
        draft.put(
            "phone", f"+1-{dice.randrange(201, 989)}-555-01{dice.randrange(100):02d}", day, source
        )
    if dice.random() < rates.FILLED["mobilephone"]:
        draft.put("mobilephone", person.mobile, day, source)
    if dice.random() < rates.FILLED["hs_linkedin_url"]:
        shape = dice.choice(
            (
                "https://www.{}",
                "https://{}/",
                "http://www.{}/",
                "{}",
                "https://www.{}?originalSubdomain=de",
            )
        )
        draft.put("hs_linkedin_url", shape.format(person.profile), day, source)
    draft.put(
        "hs_analytics_source", names.weighted(dice, rates.ANALYTICS_SOURCES), day, "ANALYTICS"
    )
    if dice.random() > rates.NO_OWNER:
        draft.put("hubspot_owner_id", str(dice.choice(district.owners)), day, source)
    if dice.random() < rates.FILLED["how_did_you_hear"]:
        told = (
            dice.random() < rates.PERSON_ANSWERS / 2
        )  # the other half come with the deals they led to
        draft.put(
            "how_did_you_hear",
            dice.choice(words.WORD_OF_MOUTH_ANSWERS if told else words.CHANNEL_ANSWERS),
            day,
            "FORM",
        )


def employ(district: District, draft: Draft, firm: Firm, day: float, source: str) -> None:
    """Make *firm* the record's primary company."""
    draft.put("associatedcompanyid", str(firm.id), day, source)
    district.link(draft, firm.draft, day, PRIMARY)


def seat(district: District, person: Person, firm: Firm, draft: Draft, day: float) -> Seat:
    """Sit a person down at a firm."""
    made = Seat(person, firm, draft, day)
    person.seats.append(made)
    firm.seats.append(made)
    return made


def fair_copy(district: District, draft: Draft) -> Record:
    """The record as rows, every value in its time."""
    ordered = sorted(draft.writes, key=lambda write: write[2])
    values = tuple(
        Value(name, value, district.at(day), source) for name, value, day, source in ordered
    )
    return Record(draft.kind, draft.id, district.at(draft.created), values)


def first_day(today: date) -> datetime:
    """The town's first moment when *today* is its last day."""
    return datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=rates.DAYS)
