"""Facts the rules start from: what the CRM says, typed, frozen and free of I/O.

Record ids are ints, times are timezone-aware UTC datetimes, money is integer minor units with an
ISO currency, probabilities and weights are integer parts per million (`ppm`), so that the same
facts give the same bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

PPM = 1_000_000
"""One, in parts per million."""


@dataclass(frozen=True, slots=True)
class Version:
    """One value a property had; histories are tuples of these, oldest first."""

    value: str
    at: datetime
    source_type: str = ""
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody wrote where they were asked how they heard of us, or of us: `place` is the property."""

    text: str
    at: datetime | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """One contact record.

    `emails`, `profile`, `phones` and `mobiles` are cleaned (see `addresses`), the primary address
    first; `history` holds the move-telling properties under HubSpot's names: email,
    hs_additional_emails, company, jobtitle, associatedcompanyid. `company_ids` are the associated
    companies, primary first. Dates that are unknown are None, never a guess.
    """

    id: int
    created_at: datetime
    emails: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    company_text: str = ""
    job_title: str = ""
    profile: str = ""
    phones: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    archived: bool = False
    company_ids: tuple[int, ...] = ()
    company_labels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    history: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    merged_ids: tuple[int, ...] = ()
    merged_at: datetime | None = None
    bounced_at: datetime | None = None
    last_activity_at: datetime | None = None
    last_reply_at: datetime | None = None
    left_reply_at: datetime | None = (
        None  # when an automatic reply said that they no longer work there
    )
    first_touch_at: datetime | None = (
        None  # the first of `touches` meetings, answered calls and replies
    )
    touches: int = 0
    job_change_at: datetime | None = None
    left_company: str | None = None
    left_company_at: datetime | None = None
    new_company: str | None = None
    new_company_at: datetime | None = None
    provider_company: str | None = None  # the employer that a job-change service names
    provider_company_at: datetime | None = None
    referred_by_text: str | None = None
    referred_by_at: datetime | None = None
    heard_from_text: str | None = None
    heard_from_at: datetime | None = None
    sayings: tuple[Saying, ...] = ()  # further mapped texts
    referral_code: str | None = None
    referral_code_at: datetime | None = None
    buying_roles: frozenset[str] = frozenset()
    owner_id: int | None = None
    opted_out: bool = False

    @property
    def name(self) -> str:
        """The name as people write it; empty when unknown."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """One company record. `active_value_minor` is the recurring value now, None when the portal maps none."""

    id: int
    name: str = ""
    domains: frozenset[str] = frozenset()
    parent_id: int | None = None
    created_at: datetime | None = None
    former_names: tuple[str, ...] = ()
    merged_ids: tuple[int, ...] = ()
    recurring_minor: int | None = None
    lifecycle_stage: str = ""
    customer_since: datetime | None = (
        None  # by the mapped lifecycle stage; None when won deals decide
    )
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
class DealFacts:
    """One deal. `amount_minor` None means not known yet.

    `open_probability` is the stage's probability in ppm while the deal is open. `home_amount_minor`
    and `rate` (decimal text) are HubSpot's own when it supplies them.
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
    deal_type: str = ""
    archived: bool = False
    owner_id: int | None = None
    heard_from_text: str | None = None
    heard_from_at: datetime | None = None
    sayings: tuple[Saying, ...] = ()  # further mapped texts
    referred_by_text: str | None = None
    referred_by_at: datetime | None = None
    referral_code: str | None = None
    referral_code_at: datetime | None = None

    @property
    def counts_as_won(self) -> bool:
        """Won in an included pipeline and still there: the only deals that book credit."""
        return self.is_won and self.pipeline_included and not self.archived


@dataclass(frozen=True, slots=True)
class ReferralLink:
    """An association labelled "referred by": *referred* (a contact, company or deal) points to *referrer*."""

    referrer_contact_id: int
    referred_type: str  # "contact", "company" or "deal"
    referred_id: int
    at: datetime | None = None
    label: str = "referred by"


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
    """A first exchange with a prospect: who else was on it, and who wrote. `sender_id` None: nobody knows who.

    `by_us` tells that one of our own users was on it; `first` that nothing was exchanged with the
    prospect before.
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
    """One answer 0-10. `company_id` is the employer at that time; `role` is the role then (may be empty)."""

    contact_id: int
    score: int
    at: datetime
    company_id: int | None = None
    comment: str = ""
    role: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One support ticket; `closed_at` None while open. Priority is HubSpot's: LOW, MEDIUM, HIGH, URGENT."""

    id: int
    opened_at: datetime
    company_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    closed_at: datetime | None = None
    priority: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """The portal's companies, as lookups. Build it with `companies.directory`.

    `by_domain` knows domains, `by_name` folded names without legal suffix (only those that mean one
    company); `by_alias` maps merged-away company ids to the survivor; `migrations` are pairs (from,
    to) that a crowd made.
    """

    companies: Mapping[int, CompanyFacts] = field(default_factory=dict)
    by_domain: Mapping[str, int] = field(default_factory=dict)
    by_name: Mapping[str, int] = field(default_factory=dict)
    by_alias: Mapping[int, int] = field(default_factory=dict)
    free_hosts: frozenset[str] = frozenset()
    own_domains: frozenset[str] = frozenset()
    migrations: frozenset[tuple[int, int]] = frozenset()
    registrable: Callable[[str], str] | None = None
