"""Companies come into the town; and what a portal has besides records: owners, pipelines, own properties, labels."""

from __future__ import annotations

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox.town_rows import (
    REFERRED_BY,
    LabelRow,
    Owner,
    Pipeline,
    PropertyRow,
    Setup,
    Stage,
)
from tests.sandbox.town_state import District, Firm


def found_firms(district: District, count: int) -> None:
    """*count* companies, a few big ones and many small ones, most of them known early."""
    for number in range(count):
        pull = 1.0 / (number + 12) ** 0.6
        found_firm(district, district.dice.random() ** 1.6 * (rates.DAYS - 200), pull)


def found_firm(
    district: District, day: float, pull: float, *, domain: str | None = None, name: str = ""
) -> Firm:
    """One company; *domain* is made from its name unless given."""
    dice, draft = district.dice, district.draft("company", day)
    name = name or names.company_name(dice, district.portal.slugs)
    if domain is None:
        domain = "" if dice.random() < rates.NO_DOMAIN else f"{names.slug(name)}.example"
    source = district.writer()
    draft.put("name", names.legal_name(dice, name), day, source)
    draft.put("domain", domain, day, source)
    if dice.random() > rates.NO_OWNER:
        draft.put("hubspot_owner_id", str(dice.choice(district.owners)), day, source)
    draft.put("numberofemployees", str(int(5 + dice.random() ** 3 * 4000)), day, "COMPANY_INSIGHTS")
    firm = Firm(draft.id, draft, name, domain, day, pull, names.weighted(dice, names.PATTERNS))
    district.firms.append(firm)
    return firm


# The stage *called* closedwon is the graveyard of an older process: its id proves nothing, its
# metadata does.
SALES = Pipeline(
    "deal",
    "default",
    "Sales",
    (
        Stage("appointmentscheduled", "First talk", "0.2", closed=False),
        Stage("qualifiedtobuy", "Budget confirmed", "0.4", closed=False),
        Stage("contractsent", "Contract out", "0.9", closed=False),
        Stage("1104771", "Signed", "1.0", closed=True),
        Stage("closedlost", "Lost", "0.0", closed=True),
        Stage("closedwon", "Closed (old process, lost)", "0.0", closed=True),
    ),
)
PARTNERS = Pipeline(
    "deal",
    "1104700",
    "Partners and renewals",
    (
        Stage("1104701", "Opened", "0.3", closed=False),
        Stage("1104702", "Closed lost?", "0.8", closed=False),
        Stage("1104703", "Done", "1.0", closed=True),
        Stage("1104704", "Gone", "0.0", closed=True),
    ),
)
SUPPORT = Pipeline(
    "ticket",
    "0",
    "Support",
    (
        Stage("1", "New", "", closed=False),
        Stage("2", "Waiting on contact", "", closed=False),
        Stage("3", "Waiting on us", "", closed=False),
        Stage("4", "Solved", "", closed=True),
    ),
)
RECURRING, USERS, LIVE = "annual_recurring_revenue", "monthly_active_users", "went_live_on"
PROPERTIES = (
    PropertyRow("contact", "how_did_you_hear", "How did you hear about us?", "string", "textarea"),
    PropertyRow("contact", "referred_by", "Referred by", "string", "text"),
    PropertyRow("contact", "advocate_code", "Advocate's own code", "string", "text"),
    PropertyRow("contact", "referral_code", "Referral code used", "string", "text"),
    PropertyRow("contact", "left_company", "Left company", "bool", "booleancheckbox"),
    PropertyRow("contact", "new_company", "New company", "string", "text"),
    PropertyRow("contact", "hard_bounced_on", "Hard bounced on", "date", "date"),
    PropertyRow("company", "contract_renewal_date", "Contract renewal date", "date", "date"),
    PropertyRow("company", RECURRING, "Annual recurring revenue", "number", "number"),
    PropertyRow("company", USERS, "Monthly active users", "number", "number"),
    PropertyRow("company", LIVE, "Went live on", "date", "date"),
)
LABELS = (
    LabelRow("contact", "contact", "referred_by", REFERRED_BY, "referred"),
    LabelRow("deal", "contact", "deal_referred_by", REFERRED_BY, "referred"),
)
_STAFF = (
    ("Ada", "Lindqvist"),
    ("Bram", "Osei"),
    ("Carla", "Venn"),
    ("Dov", "Tamm"),
    ("Edda", "Roy"),
    ("Filip", "Marsh"),
    ("Gita", "Holt"),
    ("Hari", "Vance"),
    ("Iris", "Bloom"),
    ("Juno", "Pratt"),
)


def setup(seed: int, currency: str, others: tuple[str, ...]) -> Setup:
    """The portal's own arrangement; the last owner left the company and is archived."""
    owners = tuple(
        Owner(
            9_000_001 + seed % 89 * 1000 + 11 * place,
            f"{first.lower()}@ourselves.example",
            first,
            last,
            archived=place == 9,
        )
        for place, (first, last) in enumerate(_STAFF)
    )
    return Setup(currency, others, owners, (SALES, PARTNERS, SUPPORT), PROPERTIES, LABELS)
