"""Corners: many tiny histories of one portal side by side, as plain data that can be dealt and cut.

A corner is a customer, two buyers that came because of it, and the records of their people and deals, none of which
any other corner knows. What its users do is dealt as acts. So one portal lives hundreds of histories at the cost of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.sandbox.crm import Portal
    from tests.sandbox.records import Source

NOW = datetime.now(UTC)
USER: "Source" = ("CRM_UI", "userId:88")
LABEL = "Decision maker"
# Companies of one side may turn out to be one. A buyer and its source that merge are another story: what was booked stays.
SIDES = ((0, 3), (1, 4), (2, 5))
BYSTANDER = 3


# No number means records of two kinds, so that a difference tells whose it is.
FIRST_IDS = {"company": 1_001, "contact": 100_001, "deal": 200_001}


class Act(NamedTuple):
    """One thing that a user does, to the records of these numbers, and how HubSpot tells of it."""

    what: str
    kind: str
    a: int
    b: int
    told: str


def ago(days: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=days)


@dataclass
class Corner:
    """The records of one history by kind and number, whatever they were merged into."""

    crm: "Portal"
    number: int
    ids: dict[str, list[int]] = field(
        default_factory=lambda: {"company": [], "contact": [], "deal": []}
    )

    def living(self, kind: str, number: int) -> int | None:
        """The living record that the number means."""
        known = self.ids[kind]
        record = self.crm.get(kind, known[number % len(known)])
        return record.id if record else None

    def binned(self, kind: str) -> list[int]:
        """Records of this corner that can be restored."""
        means = (self.crm.survivor(kind, record_id) for record_id in self.ids[kind])
        return sorted({record_id for record_id in means if record_id in self.crm.bin[kind]})

    def make(self, kind: str, values: Mapping[str, str], days: float) -> int:
        """A record of this corner, made so many days ago."""
        first = None if self.crm.all(kind) else FIRST_IDS[kind]
        made = self.crm.create(kind, values, at=ago(days), source=USER, record_id=first).id
        self.ids[kind].append(made)
        return made

    @property
    def word(self) -> str:
        """A word that no other corner has."""
        letters = "abcdefghij"
        return "".join(letters[int(digit)] for digit in f"{self.number:03}")


def settle_in(crm: "Portal", number: int) -> Corner:
    """What is there before the first act."""
    corner = Corner(crm, number)
    word = corner.word
    for name in ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"):
        values = {"name": f"{name} {word}", "domain": f"{name}{word}.example".lower()}
        corner.make("company", values, 900)
    alpha, beta, gamma, _, epsilon, zeta = corner.ids["company"]
    mover = _person(corner, "Priya", f"alpha{word}", alpha, 800)
    referrer = _person(corner, "Marek", f"beta{word}", beta, 700)
    referred = _person(corner, "Ulrike", f"gamma{word}", gamma, 600)
    _person(corner, "Tomas", f"beta{word}", beta, 500)
    _deal(corner, alpha, mover, "10000", 300, 280)
    # Who had a key role at Alpha went to Beta, which bought.
    crm.associate("deal", corner.ids["deal"][0], "contact", mover, LABEL, at=ago(300))
    email = {"email": f"priya.{word}@beta{word}.example"}
    crm.update("contact", mover, email, at=ago(200), source=USER)
    crm.associate("contact", mover, "company", beta, primary=True, at=ago(200), source=USER)
    _deal(corner, beta, mover, "40000", 60, 20)
    # Somebody at Beta recommended us to Gamma, which bought a little and wants more.
    told = {"referred_by": f"marek.{word}@beta{word}.example"}
    crm.update("contact", referred, told, at=ago(40), source=USER)
    _deal(corner, gamma, referred, "500", 30, 10)
    _deal(corner, gamma, referred, "7000", 25, None)
    _deal(corner, epsilon, None, "900", 50, 5)
    _deal(corner, zeta, referrer, "1200", 45, 15)
    _keep_in_touch(corner)
    return corner


def _keep_in_touch(corner: Corner) -> None:
    """Meetings and mails before and around the deals, a ticket, and an answer of somebody who is happy.

    The bystander takes no part: that somebody was in touch outlives them, which no install could find out.
    """
    mover, referrer, referred, bystander = corner.ids["contact"]
    for days, people, company, deal in (
        (240, (mover, referrer), 0, None),
        (70, (referrer,), 1, None),
        (50, (mover, referrer), 1, 1),
        (28, (referred,), 2, 2),
        (4, (referred, referrer), 2, 3),
    ):
        _activity(
            corner, "meeting", {"hs_meeting_outcome": "COMPLETED"}, days, people, company, deal
        )
    mail = {"hs_email_direction": "INCOMING_EMAIL", "hs_email_subject": "Re: offer"}
    _activity(corner, "email", mail, 80, (referrer,), 1, None)
    _activity(corner, "email", mail, 6, (referred,), 2, 3)
    crm = corner.crm
    values = {
        "subject": "Help",
        "hs_pipeline": "0",
        "hs_pipeline_stage": "1",
        "hs_ticket_priority": "HIGH",
    }
    ticket = crm.create("ticket", values, at=ago(12), source=USER).id
    crm.associate("ticket", ticket, "company", corner.ids["company"][1], at=ago(12))
    crm.associate("ticket", ticket, "contact", bystander, at=ago(12))
    crm.answer_survey(referrer, 10, at=ago(60))


def _activity(
    corner: Corner,
    kind: str,
    values: Mapping[str, str],
    days: float,
    people: Sequence[int],
    company: int,
    deal: int | None,
) -> None:
    crm, at = corner.crm, ago(days)
    made = crm.create(kind, {"hs_timestamp": at.isoformat(), **values}, at=at, source=USER).id
    for person in people:
        crm.associate("contact", person, kind, made, at=at)
    crm.associate("company", corner.ids["company"][company], kind, made, at=at)
    if deal is not None:
        crm.associate("deal", corner.ids["deal"][deal], kind, made, at=at)


def _person(corner: Corner, first: str, host: str, company: int, days: float) -> int:
    email = f"{first}.{corner.word}@{host}.example".lower()
    values = {"firstname": first, "lastname": f"{corner.word}son".title(), "email": email}
    made = corner.make("contact", values, days)
    corner.crm.associate("contact", made, "company", company, primary=True, at=ago(days))
    return made


def _deal(
    corner: Corner,
    company: int,
    person: int | None,
    amount: str,
    opened: float,
    closed: float | None,
) -> None:
    values = {
        "dealname": f"Deal {len(corner.ids['deal'])} {corner.word}",
        "pipeline": "default",
        "dealstage": "appointmentscheduled" if closed is None else "closedwon",
        "amount": amount,
        "createdate": ago(opened).isoformat(),
    }
    if closed is not None:
        values["closedate"] = ago(closed).isoformat()
    made = corner.make("deal", values, opened)
    corner.crm.associate("deal", made, "company", company, primary=True, at=ago(opened))
    if person is not None:
        corner.crm.associate("deal", made, "contact", person, at=ago(opened))


def do(corner: Corner, act: Act) -> None:
    """Do it, unless those it needs are gone."""
    _DEEDS[act.what](corner, act)


def _merge(corner: Corner, act: Act) -> None:
    a, b = act.a, act.b
    if act.kind == "company":
        side = SIDES[act.a % len(SIDES)]
        a, b = (side[0], side[1]) if act.b % 2 else (side[1], side[0])
    one, other = corner.living(act.kind, a), corner.living(act.kind, b)
    if one is not None and other is not None and one != other:
        corner.crm.merge(act.kind, one, other, source=USER)


def _delete(corner: Corner, act: Act) -> None:
    one = corner.living(act.kind, act.a)
    if one is not None:
        corner.crm.archive(act.kind, one, source=USER)


def _restore(corner: Corner, act: Act) -> None:
    binned = corner.binned(act.kind)
    if binned:
        corner.crm.restore(act.kind, binned[act.a % len(binned)], source=USER)


def _forget(corner: Corner, _act: Act) -> None:
    """Only somebody to whom nobody owes a deal: credit outlives its person, which no install could find out."""
    one = corner.living("contact", BYSTANDER)
    others = {corner.living("contact", number) for number in range(BYSTANDER)}
    if one is not None and one not in others:
        corner.crm.gdpr_delete(one)


def _give_to(corner: Corner, act: Act) -> None:
    """Link a deal to another company, as its primary one or beside it."""
    deal, company = corner.living("deal", act.a), corner.living("company", act.b)
    if deal is not None and company is not None:
        is_primary = act.kind == "company"
        corner.crm.associate("deal", deal, "company", company, primary=is_primary, source=USER)


def _take_from(corner: Corner, act: Act) -> None:
    deal, company = corner.living("deal", act.a), corner.living("company", act.b)
    if deal is not None and company in corner.crm.associated("deal", deal, "company"):
        corner.crm.dissociate("deal", deal, "company", company, source=USER)


def _label(corner: Corner, act: Act) -> None:
    """Say of somebody on a deal that they decide, or no longer say so."""
    deal, person = corner.living("deal", act.a), corner.living("contact", act.b)
    if deal is None or person is None:
        return
    linked = corner.crm.associated("deal", deal, "contact")
    if person not in linked:
        return
    if len(linked[person]) > 1:
        corner.crm.dissociate("deal", deal, "contact", person, LABEL, source=USER)
    else:
        corner.crm.associate("deal", deal, "contact", person, LABEL, source=USER)


def _work_at(corner: Corner, act: Act) -> None:
    """Link somebody to a second company, unlabelled; or end that."""
    person, company = corner.living("contact", act.a), corner.living("company", act.b)
    if person is None or company is None:
        return
    types = corner.crm.associated("contact", person, "company").get(company)
    if types is None:
        corner.crm.associate("contact", person, "company", company, primary=False, source=USER)
    elif len(types) == 1:
        corner.crm.dissociate("contact", person, "company", company, source=USER)


_DEEDS = {
    "merge": _merge,
    "delete": _delete,
    "restore": _restore,
    "forget": _forget,
    "give to": _give_to,
    "take from": _take_from,
    "label": _label,
    "work at": _work_at,
}
DEEDS = tuple(_DEEDS)


def tidy(corner: Corner) -> None:
    """Restore whom deals are owed to: what they brought stays booked, which no install could find out."""
    known = corner.ids["contact"][:BYSTANDER]
    owed = {corner.crm.survivor("contact", contact) for contact in known}
    for contact in owed & set(corner.binned("contact")):
        corner.crm.restore("contact", contact, source=USER)


Histories = Sequence[Sequence[Act]]


def rounds(histories: Histories) -> Sequence[Mapping[int, Act]]:
    """The acts that happen side by side: the first of every history, then the second."""
    longest = max(map(len, histories), default=0)
    return [
        {number: acts[place] for number, acts in enumerate(histories) if place < len(acts)}
        for place in range(longest)
    ]
