"""Deal attribution: which sources led to a deal, and how its money is shared among them.

A deal is judged by today's evidence until its time for evidence ends. Then the shares that it was
given stand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from integration.conclude import task_builders
from integration.conclude.deals import deal_evidence
from integration.conclude.deals.deal_page import DealPage, evidence_contacts
from integration.storage.database import Row
from integration.storage.findings import stored_shapes
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution import credit
from mappings.rules.attribution.sources import DealSources
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import SHARE_ONE, Allocation, CreditLine, Source
from mappings.rules.ledger import as_of_win

SharedSource = tuple[Source, int]
"""A stored source with its share of the deal."""


@dataclass(frozen=True, slots=True)
class AttributedDeal:
    """One deal with its sources and the money shared among them.

    `late` is how evidence that came too late would share it. `rejudge`: a person wants that to
    count. `timely`: evidence of the deal's time was read only after that time was over. `settled`:
    these are the shares that it was given before; what is booked stands, whoever its people and
    companies are today.
    """

    deal: DealFacts
    derived: DealSources
    allocation: Allocation
    late: Allocation | None = None
    rejudge: bool = False
    timely: bool = False
    settled: bool = False


def by_deal(
    attributed_deals: Iterable[AttributedDeal],
) -> Iterator[tuple[RefPair, AttributedDeal]]:
    """Attributed deals, each with the deal that is set aside where it cannot be digested."""
    for attributed in attributed_deals:
        yield (ObjectType.DEAL, attributed.deal.id), attributed


def judge(deal: DealFacts, page: DealPage) -> AttributedDeal:
    """The deal's sources by today's evidence, or those it had when its time for evidence ended."""
    # A credit note is shared as its original is today, however often that changes.
    if deal.id in page.original_sources:
        noted = _as_stored(deal, page.original_sources[deal.id], page)
        return replace(noted, timely=True, settled=False)
    stored = page.stored.get(deal.id, ())
    # What a forgotten person's records said cannot be found anew: the share would be lost.
    if _lost_its_words(stored):
        return _as_stored(deal, stored, page)
    if _rests_on_deleted(deal, stored, page):
        return _as_stored(deal, stored, page)
    if page.posted.sources_merged_into_buyer(deal):
        return _after_merge(deal, stored, page)
    if _evidence_counts(deal, page):
        return _by_evidence(deal, page)
    return _after_evidence_ended(deal, stored, page)


def _lost_its_words(stored: Sequence[Row]) -> bool:
    return any(stored_shapes.lost_its_words(row["body"]) for row in stored if row["share"])


def _rests_on_deleted(deal: DealFacts, stored: Sequence[Row], page: DealPage) -> bool:
    """Whether a booked deal is owed to a deleted record: tidying up takes nobody's credit back.

    HubSpot reports a privacy deletion together with an ordinary one, in any order; totals must not
    move with either.
    """
    owed_to = (evidence_contacts(row) for row in stored if row["share"])
    return any(map(page.deleted.intersection, owed_to)) and page.posted.is_booked(deal.id)


def _evidence_counts(deal: DealFacts, page: DealPage) -> bool:
    """Whether evidence still counts: nothing is booked yet, or the deal closed not long ago."""
    posted = page.posted
    if posted.reevaluate or not deal.counts_as_won or not posted.is_booked(deal.id):
        return True
    if posted.awaits_settings(deal.id):
        return True
    ends = posted.evidence_ends(deal)
    return ends is None or page.now <= ends or posted.has_open_order(deal.id)


def _by_evidence(deal: DealFacts, page: DealPage) -> AttributedDeal:
    """The deal by the evidence of its time, and by later evidence that a person let count."""
    if page.posted.awaits_settings(deal.id) and _has_accepted_late_evidence(deal, page):
        return _attributed(deal, page, deal_evidence.known_now(deal, page))
    return _attributed(deal, page, deal_evidence.known_in_time(deal, page))


def _has_accepted_late_evidence(deal: DealFacts, page: DealPage) -> bool:
    answers = page.decisions.rejudged.items()
    return any(counts for (deal_id, _), counts in answers if deal_id == deal.id)


def _attributed(deal: DealFacts, page: DealPage, derived: DealSources) -> AttributedDeal:
    amount, currency = deal.amount_minor or 0, deal.currency or ""
    allocation = credit.allocate(deal.id, amount, currency, derived.sources, page.policy)
    return AttributedDeal(deal, derived, allocation)


# Deals whose booked shares stand


def _after_merge(deal: DealFacts, stored: Sequence[Row], page: DealPage) -> AttributedDeal:
    """Source and buyer merged: what was booked stays.

    Unless a person says that they were one company all along, or orders the deal judged anew.
    """
    if _were_one_company(deal, page) or page.posted.has_open_order(deal.id):
        anew = _attributed(deal, page, deal_evidence.known_in_time(deal, page))
        return replace(anew, rejudge=True)
    return _as_stored(deal, stored, page)


def _were_one_company(deal: DealFacts, page: DealPage) -> bool:
    if deal.company_id is None:
        return False
    return page.decisions.one_company.get((deal.id, deal.company_id), False)


def _after_evidence_ended(deal: DealFacts, stored: Sequence[Row], page: DealPage) -> AttributedDeal:
    """As the deal was booked, unless a person says that what came late counts."""
    shared = _stored_sources((row for row in stored if row["share"]), page)
    kept = [source for source, _ in shared]
    timely = _grown_in_time(deal, kept, page)
    if timely is not None:
        return replace(_attributed(deal, page, DealSources(timely)), timely=True)
    settled = _as_stored(deal, stored, page)
    late = _grown_late(deal, kept, page)
    if late is None:
        return settled
    answer = page.decisions.rejudged.get((deal.id, task_builders.mark_of(late.allocation)))
    if answer is None:
        return replace(settled, late=late.allocation)
    return late if answer else settled


def _grown_in_time(
    deal: DealFacts, kept: Sequence[Source], page: DealPage
) -> tuple[Source, ...] | None:
    """The kept sources with what was known in time and is read only now; None without any."""
    if not page.posted.may_grow(deal.id):
        return None
    return as_of_win.with_late_readings(kept, deal_evidence.known_in_time(deal, page).sources)


def _grown_late(deal: DealFacts, kept: Sequence[Source], page: DealPage) -> AttributedDeal | None:
    """The deal with all that is known now; None where that would share it much the same."""
    derived = deal_evidence.known_now(deal, page)
    grown = as_of_win.with_late_readings(kept, derived.sources)
    if grown is None:
        return None
    late = _attributed(deal, page, replace(derived, sources=grown))
    booked = page.posted.booked(deal.id)
    if not task_builders.says_otherwise(late.allocation, booked, page.policy.rejudge_share):
        return None
    return replace(late, rejudge=True)


def _as_stored(deal: DealFacts, stored: Sequence[Row], page: DealPage) -> AttributedDeal:
    """The deal with the shares it was given before; a forgotten person's share stays nobody's."""
    shared = _stored_sources(stored, page)
    sources = tuple(source for source, _ in shared)
    return AttributedDeal(deal, DealSources(sources), _frozen(deal, shared), settled=True)


def _frozen(deal: DealFacts, shared: Sequence[SharedSource]) -> Allocation:
    """The deal's amount of today in the shares that were given before."""
    amount = deal.amount_minor or 0
    shares = {source.key: share for source, share in shared}
    remainder = SHARE_ONE - sum(shares.values())
    parts = credit.split(amount, {**shares, credit.FIRST_ORDER: remainder})
    # Rounded as it was when the deal was judged.
    derived = round(Fraction((SHARE_ONE - remainder) * PPM, SHARE_ONE))
    return Allocation(
        deal.id,
        amount,
        deal.currency or "",
        tuple(CreditLine(source, share, parts[source.key]) for source, share in shared),
        remainder_share=remainder,
        remainder_minor=parts[credit.FIRST_ORDER],
        derived=derived,
        low=derived,
        high=derived,
    )


def _stored_sources(stored: Iterable[Row], page: DealPage) -> list[SharedSource]:
    """Stored sources with their shares; two that turned out to be one human are one since."""
    by_key: dict[str, SharedSource] = {}
    for row in stored:
        source = _as_of_today(row, page)
        kept, share = by_key.get(source.key, (source, 0))
        by_key[source.key] = (source if source.raw > kept.raw else kept, share + row["share"])
    return list(by_key.values())


def _as_of_today(row: Row, page: DealPage) -> Source:
    """A stored source with the person, contact and company of today."""
    if stored_shapes.is_removed(row["body"]):
        return stored_shapes.removed_source(row)
    source = stored_shapes.source_of(row)
    if source.company_id is not None:
        company_id = page.posted.companies_today.get(source.company_id, source.company_id)
        source = replace(source, company_id=company_id)
    if source.contact_id is None or source.person_id is None:
        return source
    contact_id = page.people.today.get(source.contact_id, source.contact_id)
    person_id = page.people.person_of.get(contact_id, contact_id)
    return replace(source, contact_id=contact_id, person_id=person_id)
