"""Digests of the facts that health rests on, by month: whether days of the past must be rewritten.

A fact that has no date counts for every month. Two digests that are equal mean the same facts, but
for one chance in 2 to the 63rd.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo
from typing import Any, Final

import orjson

from integration.conclude.fields.company_health import Account
from mappings.rules.facts import AccountFigures
from mappings.rules.success.health_factors import Feed, HealthFeeds

# Raised when the rules of health change, so that days are worked out anew.
RULES: Final = 1

Dated = tuple[datetime | None, Any]
"""A fact with the moment from which on it can matter; None for one without a date."""


@dataclass(frozen=True, slots=True)
class FactDigests:
    """Digests of a customer's facts: `undated` ones, and others by the month of their date."""

    undated: int
    facts: dict[date, int]
    touches: dict[date, int]

    def facts_of(self, month: date) -> int:
        """The digest that a month's days rest on, touches apart."""
        return self.undated ^ self.facts.get(month, 0)

    def touches_of(self, month: date) -> int:
        """The digest of a month's touches."""
        return self.touches.get(month, 0)


def of(account: Account, zone: tzinfo, since: date) -> FactDigests:
    """Digest a customer's facts; those before *since*, touches apart, count for every month."""
    facts = list(_facts(account))
    always = [fact for fact in facts if fact[0] is None or fact[0].astimezone(zone).date() < since]
    ground = _digest([RULES, f"{zone}", *_policy(account), *always])
    dated = [(at, told) for at, told in facts if at is not None]
    return FactDigests(ground, _by_month(dated, zone), _by_month(_touches(account), zone))


def _policy(account: Account) -> Iterator[Any]:
    """What an admin chose; tables but that of weights are about other things than health."""
    for part in fields(account.policy):
        value = getattr(account.policy, part.name)
        if part.name != "version" and not isinstance(value, Mapping):
            yield part.name, value
    yield dict(account.policy.health_weights)
    yield account.not_applicable
    yield [(part.factor, part.words, part.until) for part in account.left_out]


def _facts(account: Account) -> Iterator[Dated]:
    records, company_id = account.records, account.company.id
    for deal in account.deals:
        people = [(one.contact_id, one.at, sorted(one.roles)) for one in deal.contacts]
        told = (deal.id, deal.company_id, deal.closed_at, deal.counts_as_won, people)
        yield deal.created_at, ("deal", *told)
    for answer in records.answers.get(company_id, ()):
        yield answer.at, ("answer", answer.contact_id, answer.score, answer.role)
    for ticket in records.tickets.get(company_id, ()):
        yield ticket.opened_at, ("ticket", ticket.id, ticket.closed_at, ticket.priority)
    for said in records.pulses.get(company_id, ()):
        yield said.at, ("pulse", said.month, said.value)
    for move in account.moves:
        ends = (move.former_company_id, move.new_company_id)
        yield move.moved_at, ("move", move.person_id, *ends, move.strength)
    for contact in records.staff.get(company_id, ()):
        person_id = records.person_of.get(contact.id, contact.id)
        yield None, ("person", contact.id, person_id, sorted(contact.buying_roles))
        # Emptied and later ones change what is known from the earlier one on.
        yield contact.last_reply_at, ("reply", contact.id)
        yield contact.last_activity_at, ("activity", contact.id)
    yield from _figures(account.company.figures)
    yield from _feeds(records.feeds)


def _figures(figures: AccountFigures) -> Iterator[Dated]:
    for name in ("usage", "milestone", "renewal", "recurring"):
        for reading in getattr(figures, name):
            yield reading.at, (name, reading.value)


def _feeds(feeds: HealthFeeds) -> Iterator[Dated]:
    named: dict[str, Feed] = {
        "touches": feeds.touches,
        "answers": feeds.answers,
        "tickets": feeds.tickets,
        "usage": feeds.figures.usage,
        "milestone": feeds.figures.milestone,
        "renewal": feeds.figures.renewal,
        "recurring": feeds.figures.recurring,
    }
    for name, feed in named.items():
        yield None, ("feed", name, feed.missing)
        if feed.lost_at is not None:
            yield feed.lost_at, ("lost", name)


def _touches(account: Account) -> Iterator[tuple[datetime, Any]]:
    for contact in account.records.staff.get(account.company.id, ()):
        for at in account.records.touched.get(contact.id, ()):
            yield at, contact.id


def _by_month(facts: Iterable[tuple[datetime, Any]], zone: tzinfo) -> dict[date, int]:
    by_month: dict[date, list[Any]] = {}
    for at, told in facts:
        month = at.astimezone(zone).date().replace(day=1)
        by_month.setdefault(month, []).append((at, told))
    return {month: _digest(told) for month, told in by_month.items()}


def _digest(facts: Iterable[Any]) -> int:
    """A whole number of 63 bits, the same whatever order the facts came in."""
    lines = sorted(orjson.dumps(fact, option=orjson.OPT_NON_STR_KEYS) for fact in facts)
    digest = hashlib.blake2b(b"\n".join(lines), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
