"""Facts the rules start from: what the CRM says, typed, frozen and free of I/O.

Record ids are ints, times are timezone-aware UTC datetimes, money is integer minor units with an
ISO currency, probabilities and weights are integer parts per million (`ppm`), so that the same
facts give the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

T = TypeVar("T")

PPM = 1_000_000
"""One, in parts per million."""


@dataclass(frozen=True, slots=True)
class Version:
    """One value a property had; histories are tuples of these, oldest first."""

    value: str
    at: datetime
    source_type: str = ""
    source_id: str | None = None


class TextKind(StrEnum):
    """How a mapped text is read, and with it which rules read it."""

    CODE = "code"
    """A tracked code: its owner referred them."""
    REFERRER = "referrer"
    """Names who referred them: an address, a contact's id, a name or free words."""
    ANSWER = "answer"
    """Their answer to "how did you hear about us", of referrals, former jobs, or a warning."""
    FREE_TEXT = "free_text"
    """Other words that may tell of a referral."""
    OWN_CODE = "own_code"
    """The code that a contact gives to others."""
    LEFT = "left"
    """A day, a tick or words that say that the person left the company."""
    EMPLOYER = "employer"
    """The new employer, as somebody wrote it."""
    DETECTED_EMPLOYER = "detected_employer"
    """The new employer, as a job-change service found it."""


SELF_REPORTED = (TextKind.ANSWER, TextKind.FREE_TEXT)
"""Kinds that are labelled: what people say of how they heard of us."""
EMPLOYERS = (TextKind.EMPLOYER, TextKind.DETECTED_EMPLOYER)
"""Kinds that name a new employer."""
TELLS_OF_REFERRALS = (TextKind.CODE, TextKind.REFERRER, *SELF_REPORTED)
"""Kinds that can say who referred, the surest first."""


@dataclass(frozen=True, slots=True)
class MappedText:
    """A text of a record that its portal maps, and since when it stands there.

    `place` is where its labels are kept. The reasons word what follows from it, "{said}" standing
    for the text: whom it names, or (`company_reason`) that it names a customer and nobody there.
    """

    NAMES: ClassVar[str] = 'the record names "{said}"'
    NAMES_CUSTOMER: ClassVar[str] = 'the answer "{said}" names a customer'

    text: str
    kind: TextKind
    at: datetime | None = None
    place: str = ""
    reason: str = NAMES
    company_reason: str = NAMES_CUSTOMER


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """One contact record.

    `emails`, `profile`, `phones` and `mobiles` are cleaned (see `addresses`), the primary address
    first; `history` holds the properties that show a job change under HubSpot's names: email,
    hs_additional_emails, company, jobtitle, associatedcompanyid. `company_ids` are the associated
    companies, primary first. `left_reply_at` is when an automatic reply said that they no longer
    work there; `touches` counts meetings, answered calls and replies, the first at
    `first_touch_at`. Dates that are unknown are None, never a guess.
    """

    id: int
    created_at: datetime
    emails: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    company_text: str = ""
    job_title: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    profile: str = ""
    phones: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    archived: bool = False
    company_ids: tuple[int, ...] = ()
    history: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    merged_ids: tuple[int, ...] = ()
    merged_at: datetime | None = None
    bounced_at: datetime | None = None
    last_activity_at: datetime | None = None
    last_reply_at: datetime | None = None
    left_reply_at: datetime | None = None
    first_touch_at: datetime | None = None
    touches: int = 0
    job_change_at: datetime | None = None
    texts: tuple[MappedText, ...] = ()
    buying_roles: frozenset[str] = frozenset()
    owner_id: int | None = None
    opted_out: bool = False  # of e-mail: who did must not be asked

    @property
    def name(self) -> str:
        """The name as people write it; empty when unknown."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a mapped property said from a moment on; None while it was empty or made no sense.

    `at` is None when nobody knows since when.
    """

    value: T | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """What a company's mapped properties say of it as a customer, oldest reading first.

    `milestone` are days on which it got value, `goal` on which it reached what it wanted,
    `onboarding` on which it was set up; `renewal` the days on which its contract ends,
    `recurring` is in whole minor units.
    """

    usage: tuple[Reading[float], ...] = ()
    milestone: tuple[Reading[datetime], ...] = ()
    goal: tuple[Reading[datetime], ...] = ()
    onboarding: tuple[Reading[datetime], ...] = ()
    renewal: tuple[Reading[datetime], ...] = ()
    recurring: tuple[Reading[int], ...] = ()


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """One company record.

    `customer_since` is by the stage that the portal's owner chose, None when won deals decide.
    `hubspot_sentiment` is what HubSpot's own property says of the customer, `hubspot_health_score`
    what the mapped property of one of its health scores does; empty when unset.
    """

    id: int
    name: str = ""
    domains: frozenset[str] = frozenset()
    parent_id: int | None = None
    created_at: datetime | None = None
    former_names: tuple[str, ...] = ()
    merged_ids: tuple[int, ...] = ()
    figures: AccountFigures = AccountFigures()
    hubspot_sentiment: str = ""
    hubspot_health_score: str = ""
    customer_since: datetime | None = None
    is_agency: bool = False
    archived: bool = False
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class DealContact:
    """A contact on a deal. `at` is when it was put there, None when the CRM does not say."""

    contact_id: int
    at: datetime | None = None
    roles: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecurringAmount:
    """What a deal brings in a year, in its own currency, and what says so: see `ValueSource`."""

    year_minor: int
    source: str


@dataclass(frozen=True, slots=True)
class DealFacts:
    """One deal. `amount_minor` None means not known yet.

    `open_probability` is the stage's probability in ppm while the deal is open. `home_amount_minor`
    and `rate` (decimal text) are HubSpot's own when it supplies them. `recurring` is what it brings
    in a year and how that is known, None where the deal is a one-off; `term_months` how long.
    """

    id: int
    created_at: datetime
    name: str = ""
    amount_minor: int | None = None
    currency: str | None = None
    home_amount_minor: int | None = None
    home_currency: str | None = None
    rate: str | None = None
    closed_at: datetime | None = None
    is_won: bool = False
    is_closed: bool = False
    open_probability: int = 0
    pipeline_included: bool = True
    company_id: int | None = None
    contacts: tuple[DealContact, ...] = ()
    is_renewal: bool = False
    is_replaced: bool = False  # closed because another contract took its place: that is no loss
    archived: bool = False
    owner_id: int | None = None
    texts: tuple[MappedText, ...] = ()
    recurring: RecurringAmount | None = None
    term_months: int | None = None

    @property
    def counts_as_won(self) -> bool:
        """Won in an included pipeline and still there: the only deals that book credit."""
        return self.is_won and self.pipeline_included and not self.archived


def texts_of(record: ContactFacts | DealFacts, *kinds: TextKind) -> Iterator[MappedText]:
    """A record's texts of these kinds, kind by kind."""
    for kind in kinds:
        for text in record.texts:
            if text.kind == kind:
                yield text


@dataclass(frozen=True, slots=True)
class ReferralLink:
    """An association labelled "referred by", from the referred record to the referrer."""

    referrer_contact_id: int
    referred_type: str  # "contact", "company" or "deal"
    referred_id: int
    at: datetime | None = None
    label: str = "referred by"
    ask_id: int = 0  # of an introduction that was noted in answer to an ask


@dataclass(frozen=True, slots=True)
class Touch:
    """Something that happened with a contact: meeting, call, email, reply, form, visit.

    `inbound` marks a marketing touch by the prospect's side; `two_way` a meeting, answered call or
    reply.
    """

    contact_id: int
    at: datetime
    kind: str
    company_id: int | None = None
    deal_id: int | None = None
    inbound: bool = False
    two_way: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A first exchange with a prospect: who else was on it, and who wrote.

    `sender_id` is None when nobody knows who wrote. `by_us` says that one of our own users was on
    it; `first` that nothing was exchanged with the prospect before.
    """

    id: int
    at: datetime
    prospect_id: int
    contact_ids: tuple[int, ...] = ()
    sender_id: int | None = None
    by_us: bool = True
    first: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """Words of a rep about records: a note, or what was written down of a call or meeting."""

    id: int
    at: datetime
    text: str
    contact_ids: tuple[int, ...] = ()
    company_ids: tuple[int, ...] = ()
    deal_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NpsAnswer:
    """One answer 0-10, with the employer and the role of that time; the role may be empty."""

    contact_id: int
    score: int
    at: datetime
    company_id: int | None = None
    comment: str = ""
    role: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class SuccessEvent:
    """Something that a product, a tool or a workflow told of a customer, and was not taken back.

    `kind` is its own word for it; `id` names it among all that anybody told.
    """

    id: str
    kind: str
    at: datetime
    contact_id: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One support ticket. Priority is HubSpot's: LOW, MEDIUM, HIGH or URGENT.

    `rating` is what the customer said of its solution, `rated_well` that this is good.
    """

    id: int
    opened_at: datetime
    company_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    closed_at: datetime | None = None
    priority: str = ""
    subject: str = ""
    rating: str = ""
    rated_well: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """The portal's companies, as lookups. Build it with `companies.directory`.

    `by_domain` knows domains, `by_name` folded names without legal suffix (only those that mean one
    company); `by_alias` maps merged-away company ids to the survivor; `migrations` are pairs (from,
    to) of mass moves.
    """

    companies: Mapping[int, CompanyFacts] = field(default_factory=dict)
    by_domain: Mapping[str, int] = field(default_factory=dict)
    by_name: Mapping[str, int] = field(default_factory=dict)
    by_alias: Mapping[int, int] = field(default_factory=dict)
    free_hosts: frozenset[str] = frozenset()
    own_domains: frozenset[str] = frozenset()
    migrations: frozenset[tuple[int, int]] = frozenset()
