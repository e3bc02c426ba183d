"""A small portal in which anything can happen: what its users do, as plain data that can be dealt, replayed and cut."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.sandbox.crm import Portal
    from tests.sandbox.records import Source

NOW = datetime.now(UTC)
USER: "Source" = ("CRM_UI", "userId:88")
FIRMS = ("Acme", "Borealis", "Cumulus", "Dunlin", "Everlong")
FIRST = ("Priya", "Ana", "Bob", "Robert", "Maria", "Jon")
LAST = ("Narang", "Lopez", "Okafor", "Smith")
TITLES = ("Head of Purchasing", "Engineer", "CTO", "Buyer")
ROLES = ("CHAMPION", "DECISION_MAKER", "END_USER", "")
STAGES = (
    "closedwon",
    "appointmentscheduled",
    "contractsent",
    "closedlost",
    "closedwon",
    "closedwon",
)
AMOUNTS = ("40000", "1000.01", "", "0", "-500", "12345.67")
RATES = ("USD", "EUR")
FIRST_DAY, LAST_DAY = 85, 0  # what happens, happens within the days before today


class Act(NamedTuple):
    """One thing that a user does: what, to whom, with what, and how many days ago."""

    what: str
    a: int
    b: int
    c: int
    days: float


def ago(days: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=days)


@dataclass
class Life:
    """The portal's records by number, whatever they were merged into."""

    crm: "Portal"
    ids: dict[str, list[int]] = field(
        default_factory=lambda: {"company": [], "contact": [], "deal": []}
    )

    def one(self, kind: str, number: int) -> int | None:
        """The living record that the number means, if it lives."""
        known = self.ids[kind]
        found = self.crm.get(kind, known[number % len(known)]) if known else None
        return found.id if found else None

    def do(self, act: Act) -> None:
        """Do it, unless those it needs are gone."""
        (_DEEDS.get(act.what) or _BUYING[act.what])(self, act)


def settle_in(crm: "Portal", dice: random.Random, *, size: int = 1) -> Life:
    """Fields, labels and records that were there before the app: companies, people, deals, tickets, answers."""
    life = Life(crm)
    with crm.silently():
        crm.define_property("contact", "referred_by", label="Referred by")
        crm.define_property("contact", "how_did_you_hear", label="How did you hear about us?")
        crm.define_property("deal", "deal_referred_by", label="Referred by")
        crm.define_property("deal", "deal_heard", label="How did you hear about us?")
        crm.define_label("contact", "contact", "Referred by", "Referred")
        for number in range(4 * size):
            _found(life, number, 900 - 10 * number)
        for number in range(8 * size):
            _arrive(life, dice.randrange(1000), dice.randrange(1000), number, 880 - number)
        for _ in range(6 * size):
            life.do(_dealt(dice, "deal", dice.uniform(20, 800)))
        for what, times in (
            ("move", 3),
            ("refer", 3),
            ("label", 1),
            ("answer", 2),
            ("ticket", 1),
            ("role", 3),
            ("meet", 3),
            ("write", 3),
        ):
            for _ in range(times * size):
                life.do(_dealt(dice, what, dice.uniform(90, 700)))
    return life


def deal_acts(dice: random.Random, count: int, only: Sequence[str] = ()) -> list[Act]:
    """What happens then, in the order of time; anything, or only some deeds."""
    days = sorted((dice.uniform(LAST_DAY, FIRST_DAY) for _ in range(count)), reverse=True)
    names = sorted(only or _DEEDS)
    return [_dealt(dice, dice.choice(names), round(at, 4)) for at in days]


def _dealt(dice: random.Random, what: str, days: float) -> Act:
    return Act(what, dice.randrange(1000), dice.randrange(1000), dice.randrange(1000), days)


def in_groups(acts: Sequence[Act], dice: random.Random) -> list[list[Act]]:
    """Cut into what happens between two looks of ours."""
    groups: list[list[Act]] = [[]]
    for act in acts:
        groups[-1].append(act)
        if dice.random() < 0.4:
            groups.append([])
    return [group for group in groups if group]


def _domain(number: int) -> str:
    return f"{FIRMS[number % len(FIRMS)].lower()}{number // len(FIRMS) or ''}.example"


def _mail(first: str, last: str, firm: int) -> str:
    return f"{first}.{last}@{_domain(firm)}".lower()


def _found(life: Life, number: int, days: float) -> None:
    name = FIRMS[number % len(FIRMS)] + (f" {number // len(FIRMS)}" if number >= len(FIRMS) else "")
    made = life.crm.create("company", {"name": name, "domain": _domain(number)}, at=ago(days))
    life.ids["company"].append(made.id)


def _arrive(life: Life, a: int, b: int, firm: int, days: float) -> None:
    first, last = FIRST[a % len(FIRST)], LAST[b % len(LAST)]
    email = _mail(first, last, firm % 5)
    if life.crm.find("contact", "email", email) is not None:
        email = f"{a}{email}"
    if life.crm.find("contact", "email", email) is not None:
        return
    values = {
        "email": email,
        "firstname": first,
        "lastname": last,
        "jobtitle": TITLES[(a + b) % len(TITLES)],
    }
    made = life.crm.create("contact", values, at=ago(days), source=USER)
    life.ids["contact"].append(made.id)
    company = life.one("company", firm)
    if company is not None:
        life.crm.associate(
            "contact", made.id, "company", company, primary=True, at=ago(days), source=USER
        )


def _deal(life: Life, act: Act) -> None:
    closed = act.days - min(act.days, act.c % 40)
    values = {"dealname": f"Deal {act.c}", "pipeline": "default", "dealstage": STAGES[act.a % len(STAGES)],
              "amount": AMOUNTS[act.b % 2], "closedate": ago(closed).isoformat(),
              "createdate": ago(act.days).isoformat()}  # fmt: skip
    made = life.crm.create("deal", values, at=ago(act.days), source=USER).id
    life.ids["deal"].append(made)
    company, contact = life.one("company", act.a), life.one("contact", act.b)
    if company is not None:
        life.crm.associate(
            "deal", made, "company", company, primary=True, at=ago(act.days), source=USER
        )
    if contact is not None:
        life.crm.associate("deal", made, "contact", contact, at=ago(act.days), source=USER)


def _update(life: Life, kind: str, act: Act, values: dict[str, str]) -> None:
    one = life.one(kind, act.a)
    if one is not None:
        life.crm.update(kind, one, values, at=ago(act.days), source=USER)


def _email(life: Life, act: Act) -> None:
    one = life.one("contact", act.a)
    record = life.crm.get("contact", one) if one is not None else None
    if record is None:
        return
    email = _mail(record.get("firstname"), record.get("lastname"), act.b % 5)
    if act.c % 10 == 0:
        email = f"{record.get('firstname')}@gmail.com".lower()
    if life.crm.find("contact", "email", email) is None:
        life.crm.update("contact", record.id, {"email": email}, at=ago(act.days), source=USER)


def _move(life: Life, act: Act) -> None:
    """The whole move: address, company text, title and primary company."""
    one, company = life.one("contact", act.a), life.one("company", act.b)
    if one is None or company is None:
        return
    _email(life, act)
    firm = life.crm.need("company", company).get("name")
    told = {"company": firm, "jobtitle": TITLES[act.c % len(TITLES)]}
    life.crm.update("contact", one, told, at=ago(act.days), source=USER)
    life.crm.associate(
        "contact", one, "company", company, primary=True, at=ago(act.days), source=USER
    )


def _names(life: Life, act: Act) -> str:
    """Somebody, in one of the ways people write it."""
    person, firm = life.one("contact", act.b), life.one("company", act.c)
    if person is None or firm is None:
        return "a friend"
    who, company = life.crm.need("contact", person), life.crm.need("company", firm).get("name")
    full = f"{who.get('firstname')} {who.get('lastname')}"
    ways = (full, who.get("email"), f"{who.get('firstname')} at {company} told us", f"heard of you from {company}",
            "a friend told me", "", f"{full} from {company}", "Google")  # fmt: skip
    return ways[(act.b + act.c) % len(ways)]


def _tell(life: Life, kind: str, act: Act, name: str) -> None:
    """Write a text into a portal's own field; HubSpot tells us of the other field that changes with it."""
    heard = (
        {"jobtitle": f"Buyer {act.c}"} if kind == "contact" else {"amount": f"{1000 + act.c}.01"}
    )
    _update(life, kind, act, {name: _names(life, act), **heard})


def _label(life: Life, act: Act) -> None:
    one, other = life.one("contact", act.a), life.one("contact", act.b)
    if one is None or other is None or one == other:
        return
    if act.c % 3 == 0:
        life.crm.dissociate("contact", one, "contact", other, at=ago(act.days), source=USER)
    else:
        life.crm.associate(
            "contact", one, "contact", other, "Referred by", at=ago(act.days), source=USER
        )


def _join(kind: str, to: str, *, primary: bool | None = None) -> Callable[[Life, Act], None]:
    def join(life: Life, act: Act) -> None:
        one, other = life.one(kind, act.a), life.one(to, act.b)
        if one is not None and other is not None:
            life.crm.associate(kind, one, to, other, primary=primary, at=ago(act.days), source=USER)

    return join


def _part(kind: str, to: str) -> Callable[[Life, Act], None]:
    def part(life: Life, act: Act) -> None:
        one = life.one(kind, act.a)
        linked = sorted(life.crm.associated(kind, one, to)) if one is not None else []
        if one is not None and linked:
            life.crm.dissociate(
                kind, one, to, linked[act.b % len(linked)], at=ago(act.days), source=USER
            )

    return part


def _merge(kind: str) -> Callable[[Life, Act], None]:
    def merge(life: Life, act: Act) -> None:
        one, other = life.one(kind, act.a), life.one(kind, act.b)
        if one is not None and other is not None and one != other:
            life.crm.merge(kind, one, other, at=ago(act.days), source=USER)

    return merge


def _bin(kind: str) -> Callable[[Life, Act], None]:
    """Delete one; or restore what was deleted."""

    def bin_(life: Life, act: Act) -> None:
        binned = sorted(life.crm.bin[kind])
        one = life.one(kind, act.a)
        if binned and act.b % 3:
            life.crm.restore(kind, binned[act.a % len(binned)], at=ago(act.days), source=USER)
        elif one is not None:
            life.crm.archive(kind, one, at=ago(act.days), source=USER)

    return bin_


def _parent(life: Life, act: Act) -> None:
    child, parent = life.one("company", act.a), life.one("company", act.b)
    if child is None or parent is None or child == parent:
        return
    if act.c % 2:
        life.crm.associate(
            "company", child, "company", parent, "Parent Company", at=ago(act.days), source=USER
        )
    else:
        life.crm.dissociate("company", child, "company", parent, at=ago(act.days), source=USER)


def _answer(life: Life, act: Act) -> None:
    one = life.one("contact", act.a)
    if one is not None:
        life.crm.answer_survey(one, (10, 9, 7, 2)[act.b % 4], at=ago(act.days))


def _ticket(life: Life, act: Act) -> None:
    company, contact = life.one("company", act.a), life.one("contact", act.b)
    values = {"subject": "Help", "hs_pipeline": "0", "hs_pipeline_stage": ("1", "4")[act.c % 2],
              "hs_ticket_priority": ("HIGH", "LOW")[act.c % 2]}  # fmt: skip
    made = life.crm.create("ticket", values, at=ago(act.days), source=USER).id
    if company is not None:
        life.crm.associate("ticket", made, "company", company, at=ago(act.days), source=USER)
    if contact is not None:
        life.crm.associate("ticket", made, "contact", contact, at=ago(act.days), source=USER)


def _activity(life: Life, act: Act, kind: str, values: dict[str, str]) -> None:
    """With somebody, at their company, and about a deal: HubSpot links the primary company by itself."""
    contact, deal = life.one("contact", act.a), life.one("deal", act.c)
    if contact is None:
        return
    at = ago(act.days)
    made = life.crm.create(kind, {"hs_timestamp": at.isoformat(), **values}, at=at, source=USER).id
    life.crm.associate("contact", contact, kind, made, at=at, source=USER)
    company = life.crm.need("contact", contact).get("associatedcompanyid")
    if company and life.crm.get("company", int(company)) is not None:
        life.crm.associate("company", int(company), kind, made, at=at, source=USER)
    if deal is not None and act.b % 2:
        life.crm.associate("deal", deal, kind, made, at=at, source=USER)


def _write_to_us(life: Life, act: Act) -> None:
    subject, text = (
        ("Re: offer", ""),
        ("Automatic reply: offer", "I am no longer with the company."),
    )[act.b % 5 == 0]
    incoming = {
        "hs_email_direction": "INCOMING_EMAIL",
        "hs_email_subject": subject,
        "hs_email_text": text,
    }
    _activity(life, act, "email", incoming)


def _call_off(life: Life, act: Act) -> None:
    """Delete an activity; or restore what was deleted."""
    kind = ("meeting", "email")[act.b % 2]
    living, binned = life.crm.all(kind), sorted(life.crm.bin[kind])
    if binned and act.c % 2:
        life.crm.restore(kind, binned[act.a % len(binned)], at=ago(act.days), source=USER)
    elif living:
        life.crm.archive(kind, living[act.a % len(living)].id, at=ago(act.days), source=USER)


def _rename(life: Life, act: Act) -> None:
    name = FIRMS[act.b % len(FIRMS)] + (
        " Inc." if act.c % 3 == 0 else " Group" if act.c % 3 == 1 else ""
    )
    _update(life, "company", act, {"name": name})


def _forget(life: Life, act: Act) -> None:
    one = life.one("contact", act.a)
    if one is not None and act.b % 3 == 0:
        life.crm.gdpr_delete(one, at=ago(act.days))


_DEEDS: dict[str, Callable[[Life, Act], None]] = {
    "email": _email,
    "move": _move,
    "company text": lambda life, act: _update(
        life, "contact", act, {"company": FIRMS[act.b % len(FIRMS)]}
    ),
    "title": lambda life, act: _update(
        life, "contact", act, {"jobtitle": TITLES[act.b % len(TITLES)]}
    ),
    "name": lambda life, act: _update(
        life, "contact", act, {"firstname": FIRST[act.b % len(FIRST)]}
    ),
    "role": lambda life, act: _update(
        life, "contact", act, {"hs_buying_role": ROLES[act.b % len(ROLES)]}
    ),
    "refer": lambda life, act: _tell(life, "contact", act, "referred_by"),
    "hear": lambda life, act: _tell(life, "contact", act, "how_did_you_hear"),
    "deal refer": lambda life, act: _tell(life, "deal", act, "deal_referred_by"),
    "deal hear": lambda life, act: _tell(life, "deal", act, "deal_heard"),
    "label": _label,
    "arrive": lambda life, act: _arrive(life, act.a, act.b, act.c, act.days),
    "found": lambda life, act: _found(life, act.a % 10, act.days) if act.b % 3 == 0 else None,
    "deal": _deal,
    "stage": lambda life, act: _update(
        life,
        "deal",
        act,
        {"dealstage": STAGES[act.b % len(STAGES)], "closedate": ago(act.days).isoformat()},
    ),
    "amount": lambda life, act: _update(
        life, "deal", act, {"amount": AMOUNTS[act.b % len(AMOUNTS)]}
    ),
    "close": lambda life, act: _update(
        life, "deal", act, {"closedate": ago(act.b % 120).isoformat()}
    ),
    "currency": lambda life, act: _update(
        life, "deal", act, {"deal_currency_code": RATES[act.b % len(RATES)]}
    ),
    "on deal": _join("deal", "contact"),
    "on deal ": _join("deal", "contact"),
    "off deal": _part("deal", "contact"),
    "at company": _join("contact", "company"),
    "primary": _join("contact", "company", primary=True),
    "leave": _part("contact", "company"),
    "deal company": _join("deal", "company", primary=True),
    "deal no company": _part("deal", "company"),
    "merge contacts": _merge("contact"),
    "merge companies": _merge("company"),
    "merge deals": _merge("deal"),
    "bin contact": _bin("contact"),
    "bin company": _bin("company"),
    "bin deal": _bin("deal"),
    "parent": _parent,
    "answer": _answer,
    "ticket": _ticket,
    "rename": _rename,
    "domain": lambda life, act: _update(life, "company", act, {"domain": _domain(act.b % 5)}),
    "forget": _forget,
    "meet": lambda life, act: _activity(life, act, "meeting", {"hs_meeting_outcome": "COMPLETED"}),
    "meet ": lambda life, act: _activity(
        life, act, "meeting", {"hs_meeting_outcome": ("", "NO_SHOW")[act.b % 3 == 0]}
    ),
    "write": _write_to_us,
    "call off": _call_off,
}


def _buy(life: Life, act: Act) -> None:
    """The company where somebody works now buys, with them on the deal from its first day."""
    one = life.one("contact", act.a)
    record = life.crm.get("contact", one) if one is not None else None
    company = record.get("associatedcompanyid") if record is not None else ""
    if record is None or not company:
        return
    values = {"dealname": f"Purchase {act.c}", "pipeline": "default", "dealstage": STAGES[act.b % len(STAGES)],
              "amount": AMOUNTS[act.c % 2], "closedate": ago(act.days / 2).isoformat(),
              "createdate": ago(act.days).isoformat()}  # fmt: skip
    made = life.crm.create("deal", values, at=ago(act.days), source=USER).id
    life.ids["deal"].append(made)
    life.crm.associate(
        "deal", made, "company", int(company), primary=True, at=ago(act.days), source=USER
    )
    life.crm.associate("deal", made, "contact", record.id, at=ago(act.days), source=USER)


DEEDS = tuple(_DEEDS)
# What only some lives have: the deeds of all the others stay as they are dealt.
_BUYING: dict[str, Callable[[Life, Act], None]] = {"buy": _buy}
