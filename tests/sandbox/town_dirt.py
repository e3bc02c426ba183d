"""What looks like a job change and is none: duplicates, namesakes, contractors, groups, renames, acquisitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words
from tests.sandbox.town_careers import change_in_place
from tests.sandbox.town_firms import found_firm
from tests.sandbox.town_state import (
    District,
    Draft,
    Firm,
    Seat,
    employ,
    new_person,
    new_record,
    seat,
    work_address,
)
from tests.sandbox.truth_facts import NonMove

PARENT = "Parent Company"


def make_dirt(district: District, contacts: int) -> None:
    """Add each kind of non-move as often as it was seen among *contacts* records."""
    for kind, per_1000 in rates.NON_MOVES_PER_1000.items():
        wanted = per_1000 * contacts / 1000
        count = int(wanted) + (district.dice.random() < wanted % 1)
        if count:
            _MAKERS[kind](district, count)
    for _ in range(round(rates.ROLE_MAILBOX_SHARE * contacts)):
        _role_mailbox(district)


def _stayers(district: District) -> Iterator[Seat]:
    """Endless seats of people whose one job goes on and whose story nothing else has touched."""
    pool = [person for person in district.people if person.settled and len(person.seats) == 1]
    district.dice.shuffle(pool)
    for person in pool:
        if person.seats[0].until == float("inf") and not person.seats[0].firm.troubled:
            person.settled = False  # used once
            yield person.seats[0]


def _later(district: District, day: float) -> float:
    return day + district.dice.random() * max(1.0, rates.DAYS - day - 1)


def _pair(district: District, first: Draft, second: Draft, kind: str) -> None:
    district.non_moves.append(NonMove(first.id, second.id, kind))


def _second_seat(district: District, sit: Seat, firm: Firm, draft: Draft, kind: str) -> None:
    seat(district, sit.person, firm, draft, draft.created).hidden = True
    _pair(district, sit.draft, draft, kind)


def _freemail_duplicates(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        address = names.free_address(
            district.dice, sit.person.first, sit.person.last, district.portal.addresses
        )
        draft = new_record(
            district,
            sit.person,
            sit.firm,
            _later(district, sit.since),
            address=address,
            private=True,
        )
        if district.dice.random() < 0.5:
            draft.put("company", "", draft.created, "FORM")
        _second_seat(district, sit, sit.firm, draft, "freemail_duplicate")


def _same_company_duplicates(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        draft = new_record(district, sit.person, sit.firm, _later(district, sit.since))
        _second_seat(district, sit, sit.firm, draft, "same_company_duplicate")


def _namesakes(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        other = new_person(district, (sit.person.first, sit.person.last))
        other.settled = False
        firm = district.pick_firm(sit.firm)
        day = _later(district, sit.since)
        draft = new_record(district, other, firm, day)
        seat(district, other, firm, draft, day)
        _pair(district, sit.draft, draft, "namesake")


def _contractors(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        client = district.pick_firm(sit.firm)
        address = work_address(
            district, sit.person, client, district.dice.choice(("ext-", "c.", "x-", ""))
        )
        draft = new_record(
            district, sit.person, client, _later(district, sit.since), address=address
        )
        _second_seat(district, sit, client, draft, "contractor_at_client")


def _two_jobs(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        other = district.pick_firm(sit.firm)
        draft = new_record(district, sit.person, other, _later(district, sit.since))
        _second_seat(district, sit, other, draft, "two_jobs_at_once")


def _child_of(district: District, parent: Firm, day: float, *, shared: bool) -> Firm:
    name = f"{parent.name.split()[0]} {district.dice.choice(words.COMPANY_TRADES)}"
    while names.slug(name) in district.portal.slugs:
        name += " " + district.dice.choice(words.COMPANY_TRADES)
    district.portal.slugs.add(names.slug(name))
    child = found_firm(district, day, 0.02, domain=parent.domain if shared else None, name=name)
    child.parent = parent
    child.troubled = True
    district.link(child.draft, parent.draft, day, PARENT)
    return child


def _subsidiaries(district: District, count: int, *, shared: bool = False) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        day = _later(district, sit.since)
        child = _child_of(district, sit.firm, day, shared=shared)
        draft = new_record(district, sit.person, child, day)
        _second_seat(
            district, sit, child, draft, "subsidiary_shared_domain" if shared else "subsidiary"
        )


def _shared_domains(district: District, count: int) -> None:
    _subsidiaries(district, count, shared=True)


def _in_the_group(district: District, count: int) -> None:
    for sit, _ in zip(_stayers(district), range(count), strict=False):
        day = _later(district, sit.since)
        child = _child_of(district, sit.firm, day, shared=False)
        sit.until = day
        if district.dice.random() < 0.5:
            draft = sit.draft
            change_in_place(district, sit, child, day)
        else:
            draft = new_record(district, sit.person, child, day)
        seat(district, sit.person, child, draft, day)
        _pair(district, sit.draft, draft, "intra_group")


def _crowded(district: District, least: int) -> Iterator[tuple[Firm, list[Seat], float]]:
    """Firms with at least *least* undisturbed people on some late day, with those people."""
    for firm in sorted(district.firms, key=lambda each: len(each.seats)):
        day = rates.DAYS * (0.45 + 0.45 * district.dice.random())
        staff = [
            sit
            for sit in firm.seats
            if sit.there(day) and sit.person.settled and len(sit.person.seats) == 1
        ]
        if len(staff) >= least and not firm.troubled and firm.domain:
            yield firm, staff, day


def _acquisitions(district: District, count: int) -> None:
    for firm, staff, day in _crowded(district, 3):
        if count <= 0:
            return
        buyer = district.pick_firm(firm)
        firm.troubled = True
        # A sale of the whole firm: everybody goes, whatever the wanted count.
        for sit in staff:
            _sold(district, sit, buyer, day + district.dice.random() * 45)
        count -= len(staff)
        if district.dice.random() < 0.5:
            buyer.draft.put("hs_additional_domains", firm.domain, day + 50, "CRM_UI")


def _sold(district: District, sit: Seat, buyer: Firm, day: float) -> None:
    sit.person.settled = False
    sit.until = day
    if district.dice.random() < 0.7:
        change_in_place(district, sit, buyer, day)
        draft = sit.draft
    else:
        draft = new_record(district, sit.person, buyer, day)
    seat(district, sit.person, buyer, draft, day)
    _pair(district, sit.draft, draft, "acquisition")


def _renames(district: District, count: int) -> None:
    for firm, staff, day in _crowded(district, 2):
        if count <= 0:
            return
        old_domain, firm.troubled = firm.domain, True
        firm.name = names.company_name(district.dice, district.portal.slugs)
        firm.domain = f"{names.slug(firm.name)}.example"
        firm.draft.put("name", firm.name, day, "CRM_UI")
        firm.draft.put("domain", firm.domain, day, "CRM_UI")
        if district.dice.random() < 0.6:
            firm.draft.put("hs_additional_domains", old_domain, day, "CRM_UI")
        for sit in staff:
            sit.person.settled = False
            change_in_place(district, sit, firm, day + district.dice.random() * 50)
            _pair(district, sit.draft, sit.draft, "company_rename")
        count -= len(staff)


def _role_mailbox(district: District) -> None:
    firm = district.pick_firm()
    box = district.dice.choice(words.ROLE_BOXES)
    address = f"{box}@{firm.domain or names.slug(firm.name) + '.example'}"
    if address in district.portal.addresses:
        return
    district.portal.addresses.add(address)
    day = _later(district, firm.opened)
    draft, source = district.draft("contact", day), district.writer()
    draft.put("email", address, day, source)
    if district.dice.random() < 0.4:
        draft.put("lastname", f"{box.title()} Team", day, source)
    employ(district, draft, firm, day, source)


_MAKERS: dict[str, Callable[[District, int], None]] = {
    "freemail_duplicate": _freemail_duplicates,
    "same_company_duplicate": _same_company_duplicates,
    "namesake": _namesakes,
    "contractor_at_client": _contractors,
    "acquisition": _acquisitions,
    "subsidiary": _subsidiaries,
    "intra_group": _in_the_group,
    "subsidiary_shared_domain": _shared_domains,
    "two_jobs_at_once": _two_jobs,
    "company_rename": _renames,
}
