"""The referral program as it stands: advocates, won referrals with their rewards, what is owed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.findings import person_rows
from integration.storage.ledger import period_rows
from integration.storage.program import advocate_rows, code_rows, program_row, reward_rows
from integration.storage.program.advocate_rows import Advocate, BroughtDeal
from integration.storage.program.code_rows import CodeRow
from integration.storage.program.program_row import Program
from integration.storage.program.reward_rows import RewardRow
from mappings.records.rows import RefPair
from mappings.rules.ledger import rewards
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.rewards import Accrual, Totals
from mappings.rules.referrals import personal_links

SHOWN = 50
"""Advocates, deals and rewards that a page shows."""
PUBLIC = 20
"""Advocates that the public leaderboard shows."""
_COLUMNS = ("visits", "referrals", "revenue")


@dataclass(frozen=True, slots=True)
class WonReferral:
    """A won deal that somebody brought; until when it is provisional, and its reward, if any."""

    deal: BroughtDeal
    provisional_until: datetime | None
    reward: RewardRow | None


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """Everything that the program's page shows."""

    program: Program
    people: int
    visits: int
    lately: int
    advocates: Sequence[Advocate]
    won: Sequence[WonReferral]
    rewards: Sequence[RewardRow]
    accrued: Sequence[Accrual]
    totals: Sequence[Totals]
    names: dict[RefPair, str]
    currency: str
    calendar: Calendar
    mapped: Sequence[str]


def read(portal: PortalContext, order: str, *, before: int | None = None) -> ProgramReport:
    """Return the program, its advocates in an order, and a page of rewards."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        known = settings.read(tx)
        calendar = period_rows.read(tx).calendar
        counts = advocate_rows.counts(tx)
        advocates = advocate_rows.most(tx, order, limit=SHOWN)
        hold = timedelta(known.policy.referral_hold_days)
        won = _won(tx, hold, now)
        every = reward_rows.every(tx)
        page = reward_rows.page(tx, before=before, limit=SHOWN)
        return ProgramReport(
            program=program_row.read(tx),
            people=counts["people"],
            visits=counts["visits"],
            lately=counts["lately"],
            advocates=advocates,
            won=won,
            rewards=page,
            accrued=rewards.accrued(every, calendar.month_of),
            totals=rewards.totals(every),
            names=_names(tx, advocates, won, page),
            currency=known.map.home_currency,
            calendar=calendar,
            mapped=_mapped(known.map.texts),
        )


def _mapped(texts: object) -> list[str]:
    """The settings by which a code comes back that are chosen."""
    chosen = dict(texts) if isinstance(texts, dict) else {}
    wanted = ("referral_code_property", "first_address_property", "deal_referral_code_property")
    return [name for name in wanted if chosen.get(name)]


def _won(tx: Transaction, hold: timedelta, now: datetime) -> list[WonReferral]:
    deals = advocate_rows.brought(tx, limit=SHOWN)
    referrers = {deal.contact_id for deal in deals}
    person_of, members = person_rows.groups(tx, referrers)
    given = reward_rows.of_contacts(tx, {*referrers, *person_of})
    standing = [reward for reward in given if reward.withdrawn_at is None]
    found = []
    for deal in deals:
        own = members.get(person_of.get(deal.contact_id, deal.contact_id), (deal.contact_id,))
        until = deal.won_at + hold
        found.append(
            WonReferral(deal, until if until > now else None, _of_deal(standing, deal.deal_id, own))
        )
    return found


def _of_deal(standing: Sequence[RewardRow], deal_id: int, own: Sequence[int]) -> RewardRow | None:
    return next(
        (reward for reward in standing if reward.deal_id == deal_id and reward.contact_id in own),
        None,
    )


def _names(
    tx: Transaction,
    advocates: Sequence[Advocate],
    won: Sequence[WonReferral],
    page: Sequence[RewardRow],
) -> dict[RefPair, str]:
    contacts = {advocate.contact_id for advocate in advocates}
    contacts |= {one.deal.contact_id for one in won}
    contacts |= {reward.contact_id for reward in page if reward.contact_id is not None}
    companies = {advocate.company_id for advocate in advocates if advocate.company_id}
    deals = {one.deal.deal_id for one in won}
    deals |= {reward.deal_id for reward in page if reward.deal_id is not None}
    refs = {("contact", one) for one in contacts} | {("company", one) for one in companies}
    refs |= {("deal", one) for one in deals}
    for reward in page:
        kind, _, number = reward.target.partition(":")
        if kind in {"contact", "company", "deal"} and number.isdecimal():
            refs.add((kind, int(number)))
    return record_names.shown(tx, refs)


@dataclass(frozen=True, slots=True)
class LinkOfPerson:
    """One person's part of the program, for their page."""

    program: Program
    codes: Sequence[CodeRow] = ()
    referred: Sequence[tuple[str, bool]] = ()
    names: Mapping[RefPair, str] = field(default_factory=dict)
    rewards: Sequence[RewardRow] = ()
    currency: str = ""


def of_person(portal: PortalContext, contact_ids: Sequence[int]) -> LinkOfPerson:
    """Return a person's links, whom they referred, and their rewards, over all their records."""
    with portal.transaction() as tx:
        program = program_row.read(tx)
        codes = list(reversed(code_rows.of_contacts(tx, contact_ids)))
        given = reward_rows.of_contacts(tx, contact_ids)
        if not (program.is_on or codes or given):
            return LinkOfPerson(program)
        referred = advocate_rows.referrals_of(tx, contact_ids)[:SHOWN]
        refs = {_ref(row["target"]) for row in referred}
        return LinkOfPerson(
            program,
            codes=codes,
            referred=[(row["target"], row["counts"]) for row in referred],
            names=record_names.shown(tx, refs),
            rewards=given,
            currency=settings.read(tx).map.home_currency,
        )


def _ref(target: str) -> RefPair:
    kind, _, number = target.partition(":")
    return kind, int(number)


# Files


def every_advocate(portal: PortalContext) -> Iterator[Advocate]:
    """Return all advocates, those with most revenue first."""
    with portal.transaction() as tx:
        return advocate_rows.every(tx)


def every_reward(portal: PortalContext) -> Iterator[RewardRow]:
    """Return all rewards, the newest first, read a page at a time."""
    before: int | None = None
    while True:
        with portal.transaction() as tx:
            page = reward_rows.page(tx, before=before, limit=1000)
        yield from page
        if len(page) < 1000:  # noqa: PLR2004 - as asked for
            return
        before = page[-1].reward_id


# The public leaderboard


@dataclass(frozen=True, slots=True)
class PublicAdvocate:
    """A line of the public leaderboard: what everybody may know."""

    name: str
    referrals: int


def public_board(runtime: Runtime, code: str) -> list[PublicAdvocate] | None:
    """Return what the public leaderboard of a code shows; None for a code that is none.

    Nobody is on it without a referral or with a link that was ended; money and visits are not
    shown.
    """
    portal_id = personal_links.portal_of(code)
    if portal_id is None or portal_id >= 1 << 63:
        return None
    with runtime.database.portal(portal_id) as tx:
        if not program_row.is_open(tx) or program_row.read(tx).board_code != code:
            return None
        found = advocate_rows.most(tx, "referrals", limit=PUBLIC * 2)
        companies = [one.company_id for one in found]
        names = record_names.names(
            tx, contacts=[one.contact_id for one in found], companies=companies
        )
        shown = [
            PublicAdvocate(_public_name(one, names.companies), one.referrals)
            for one in found
            if one.referrals and one.is_living
        ]
    return [line for line in shown if line.name][:PUBLIC]


def _public_name(advocate: Advocate, companies: Mapping[int, str]) -> str:
    """What a person agreed to be called, or their first name and the company's first letter."""
    if advocate.public_name:
        return advocate.public_name
    first = "".join(advocate.name.split()[:1])
    if "@" in first:  # of somebody without a name
        return ""
    initial = companies.get(advocate.company_id or 0, "").strip()[:1].upper()
    return f"{first}, {initial}." if first and initial else first
