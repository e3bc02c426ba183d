"""Items that tell of a customer's success: kept with their company, or until it appears."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from integration.core.forget_keys import ForgetKeys
from integration.portal import forgotten
from integration.storage.database import Transaction
from integration.storage.mirror import success_rows
from integration.storage.mirror.success_rows import SentItem
from mappings.records.usage_items import UsageKind

MOST_WAITING: Final = 100_000
"""Items of one account that may wait for companies; more are set aside."""
KEEP_WAITING_DAYS: Final = 90
"""How long an item waits for its company."""
TOO_MANY_WAIT: Final = (
    f"its company is unknown, and {MOST_WAITING:,} items wait for unknown companies already:"
    " send HubSpot's ids or domains of companies, then replay"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of items: the companies whose facts changed, and those there was no room for."""

    companies: frozenset[int]
    refused: tuple[SentItem, ...] = ()


def keep(tx: Transaction, sent: Sequence[SentItem], *, keys: ForgetKeys) -> Kept:
    """Store items with their companies of today; those of companies nobody knows wait.

    A bounded number of queries, however many items. The same item again changes nothing, and one
    that was taken back stays so whichever came first. Who asked to be forgotten is left out, with
    the words about them.
    """
    named = {one.item.contact_id for one in sent if one.item.contact_id is not None}
    known = forgotten.still_known(tx, named, keys=keys) if named else set()
    return _keep(tx, [_without_forgotten(one, known) for one in sent])


def adopt(tx: Transaction, company_ids: Iterable[int], domains: Iterable[str]) -> set[int]:
    """Give companies that appeared what waited for them; return those that got something."""
    refs = {f"id:{company_id}" for company_id in company_ids}
    refs |= {f"domain:{domain}" for domain in domains}
    waited = success_rows.take_waiting(tx, sorted(refs))
    return set(_keep(tx, waited).companies) if waited else set()


def _keep(tx: Transaction, sent: Sequence[SentItem]) -> Kept:
    withdrawals = [one for one in sent if one.item.kind == UsageKind.WITHDRAWN]
    others = [one for one in sent if one.item.kind != UsageKind.WITHDRAWN]
    placed, unplaced = _placed(tx, others)
    refused = _wait(tx, unplaced)
    companies = _store(tx, _with_people(tx, placed))
    return Kept(frozenset(companies | success_rows.withdraw(tx, withdrawals)), tuple(refused))


def _without_forgotten(sent: SentItem, known: Collection[int]) -> SentItem:
    if sent.item.contact_id is None or sent.item.contact_id in known:
        return sent
    return sent._replace(item=replace(sent.item, contact_id=None, email=None, name=""))


def _placed(tx: Transaction, sent: Sequence[SentItem]) -> tuple[list[SentItem], list[SentItem]]:
    """Items with the company's id of today, and those whose company nobody knows."""
    ids = {one.item.company_id for one in sent if one.item.company_id is not None}
    domains = {one.item.domain for one in sent if one.item.domain is not None}
    by_id = success_rows.known_companies(tx, ids)
    by_domain = success_rows.companies_at(tx, domains)
    placed, unplaced = [], []
    for one in sent:
        company_id = by_id.get(one.item.company_id or 0) or by_domain.get(one.item.domain or "")
        if company_id is None:
            unplaced.append(one)
        else:
            placed.append(one._replace(item=replace(one.item, company_id=company_id)))
    return placed, unplaced


def _wait(tx: Transaction, sent: Sequence[SentItem]) -> Sequence[SentItem]:
    """Let items wait as far as there is room; return the others."""
    if not sent:
        return ()
    room = max(0, MOST_WAITING - success_rows.waiting_items(tx, at_most=MOST_WAITING))
    success_rows.wait_for(tx, sent[:room])
    return sent[room:]


def _with_people(tx: Transaction, sent: Sequence[SentItem]) -> list[SentItem]:
    """Items with the contacts whose addresses they name, as far as there are such contacts."""
    emails = {one.item.email for one in sent if one.item.email}
    by_email = success_rows.contacts_at(tx, emails)
    return [_with_person(one, by_email) for one in sent] if by_email else list(sent)


def _with_person(sent: SentItem, by_email: Mapping[str, int]) -> SentItem:
    contact_id = sent.item.contact_id or by_email.get(sent.item.email or "")
    return sent._replace(item=replace(sent.item, contact_id=contact_id))


def _store(tx: Transaction, sent: Sequence[SentItem]) -> set[int]:
    figures = [one.item for one in sent if one.item.kind == UsageKind.FIGURE]
    events = [one for one in sent if one.item.kind != UsageKind.FIGURE]
    success_rows.keep_figures(tx, figures)
    success_rows.keep_events(tx, events)
    return {one.item.company_id for one in sent if one.item.company_id is not None}
