"""Findings: what the rules conclude, each with its reasons, as frozen values to store and show."""

from dataclasses import dataclass
from datetime import datetime

from mappings.kinds import MoveKind, Timing
from mappings.rules.facts import PPM

SHARE_ONE = 10**12
"""One whole deal in share units: finer than ppm, so that frozen shares give the same cents."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was concluded: a rule's code, a sentence for people, and the records behind it.

    `evidence` names records as "contact:12"; `strength` (ppm) sorts sentences, strongest first.
    """

    code: str
    text: str
    at: datetime | None = None
    evidence: tuple[str, ...] = ()
    strength: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """The contact records of one human.

    `id` is the lowest contact id; `links` are the pairs that belong together, with their reasons.
    """

    id: int
    contact_ids: tuple[int, ...]
    links: tuple["IdentityLink", ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """Whether two records are one human, and why; `decision` is link, review or none."""

    a: int
    b: int
    bits: float
    p: int
    decision: str
    reasons: tuple[Reason, ...] = ()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Employment:
    """A person's time at a company, as far as the CRM shows it; `until` None while it lasts."""

    contact_id: int
    company_id: int
    since: datetime
    until: datetime | None = None
    title: str = ""
    how: str = ""
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One piece of evidence of a move, with its reliability `r` in ppm.

    Signals of one `cause` count once, by the most reliable.
    """

    kind: str
    r: int
    at: datetime | None
    cause: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Move:
    """A person left one company for another; without a new company it is a departure.

    `status` is auto, review or stored; only auto moves earn credit. `earliest`..`latest` bound the
    move date; `moved_at` is the best single date. `kind` is move, boomerang or departure.
    """

    person_id: int
    former_company_id: int | None
    new_company_id: int | None
    former_contact_id: int
    new_contact_id: int
    earliest: datetime
    latest: datetime
    moved_at: datetime
    p_same: int
    p_moved: int
    confidence: int
    status: str
    kind: str = MoveKind.MOVE
    signals: tuple[Signal, ...] = ()
    reasons: tuple[Reason, ...] = ()
    # Champion strength when leaving, in ppm; `champions.with_strength` sets it.
    strength: int = 0

    @property
    def key(self) -> str:
        """A stable name of this move."""
        contacts = f"{self.former_contact_id}>{self.new_contact_id}"
        return f"{contacts}:{self.former_company_id}>{self.new_company_id}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How things stood when the referred record came into the CRM.

    An answer that is given later still speaks of that time.
    """

    at: datetime
    from_customer: bool
    expansion: bool


@dataclass(frozen=True, slots=True)
class Referral:
    """Somebody recommended us to somebody.

    `target` is "contact:ID", "company:ID" or "deal:ID". `status` is auto, review or rejected;
    `from_customer` False is a non-customer referral (reported apart, no derived credit).
    """

    referrer_contact_id: int | None
    referrer_person_id: int | None
    referrer_company_id: int | None
    target: str
    at: datetime | None
    how: str
    p: int
    status: str
    from_customer: bool = True
    expansion: bool = False
    reasons: tuple[Reason, ...] = ()
    arrival: Arrival | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One derived source of a deal, with raw = w x p x g (all ppm).

    `kind` is moved_champion, referral or word_of_mouth. `company_id` is the customer whose success
    it is; None puts the credit in the word-of-mouth pool. `timing` is sourced, assisted, present or
    suspected (raw 0).
    """

    kind: str
    w: int
    p: int
    g: int
    raw: int
    person_id: int | None = None
    contact_id: int | None = None
    company_id: int | None = None
    timing: str = Timing.SOURCED
    at: datetime | None = None
    because: tuple[Reason, ...] = ()

    @property
    def key(self) -> str:
        """The stable id that breaks ties and names the ledger line."""
        who = f"p{self.person_id:020d}" if self.person_id is not None else "pool"
        return f"{self.kind}|{who}|{self.company_id or 0:020d}"


@dataclass(frozen=True, slots=True)
class CreditLine:
    """One source's part of a deal: a frozen share (of SHARE_ONE) and whole minor units."""

    source: Source
    share: int
    amount_minor: int

    @property
    def share_ppm(self) -> int:
        """The share in parts per million, rounded half up, for rows and screens."""
        return (self.share * PPM * 2 + SHARE_ONE) // (2 * SHARE_ONE)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A deal's money shared out: lines and first-order remainder add up to its amount exactly.

    `derived`, `low`, `high` are D in ppm; low counts only sure sources, high takes every source as
    certain.
    """

    deal_id: int
    amount_minor: int
    currency: str
    lines: tuple[CreditLine, ...]
    remainder_share: int
    remainder_minor: int
    derived: int
    low: int
    high: int

    @property
    def derived_minor(self) -> int:
        """Second-order money of the deal."""
        return self.amount_minor - self.remainder_minor


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger row: appended, never edited.

    `key` is the source's key, or "first_order" for the remainder; several rows of one deal with the
    same key add up to what is booked now. `occasion` is what made the row (kinds.EntryOccasion),
    `reverses` the id of the reversed row. `origin_at` is the close date a row belongs to when it is
    dated on another day.
    """

    deal_id: int
    key: str
    kind: str
    person_id: int | None
    contact_id: int | None
    company_id: int | None
    order: int
    share: int
    amount_minor: int
    currency: str
    home_amount_minor: int | None
    home_currency: str | None
    rate: str | None
    rate_at: datetime | None
    effective_at: datetime
    occasion: str
    settings_version: int
    evidence: tuple[str, ...] = ()
    reason: str = ""
    reverses: int | None = None
    id: int | None = None
    origin_at: datetime | None = None
    recorded_at: datetime | None = None

    @property
    def share_ppm(self) -> int:
        """The share in parts per million, rounded half up; negative on reversals."""
        return (self.share * PPM * 2 + SHARE_ONE) // (2 * SHARE_ONE)
