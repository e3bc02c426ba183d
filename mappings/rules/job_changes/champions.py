"""Champions: how strongly a person stood for us at a company when they left it, and what role that gives them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from mappings.rules.facts import PPM, DealFacts, NpsAnswer
from mappings.rules.findings import Move, Reason
from mappings.rules.policy import KEY_ROLES, Policy

ADMIN_ROLES = frozenset({"admin", "administrator", "power_user"})
PROMOTER_AT = 9
_LEAVING = frozenset({"hard_bounce", "no_longer_with", "hubspot_job_change"})
ROLES = ("none", "promoter", "referrer", "champion", "moved_champion")
"""Contact roles, weakest first."""


def strength(
    contact_ids: Iterable[int],
    company_id: int,
    at: datetime,
    *,
    deals: Iterable[DealFacts] = (),
    answers: Iterable[NpsAnswer] = (),
    roles: frozenset[str] = frozenset(),
    is_customer: bool = False,
    policy: Policy,
) -> tuple[int, Reason | None]:
    """Champion strength c (ppm) of a person at a company at a moment, and the strongest reason.

    *deals* are the company's deals, *answers* the person's NPS answers, *roles* the person's own roles there.
    """
    own = frozenset(contact_ids)
    found = [
        *_counted(_deal_strengths(own, company_id, at, deals)),
        *_answer_strengths(own, company_id, at, answers, policy),
    ]
    if roles & ADMIN_ROLES:
        found.append((700_000, Reason("admin", "administers the product", strength=700_000)))
    if is_customer:
        found.append((400_000, Reason("user", "worked at a customer", strength=400_000)))
    best = max(
        found,
        key=lambda one: (one[0], one[1].at or datetime.min.replace(tzinfo=at.tzinfo)),
        default=None,
    )
    return best if best is not None else (0, None)


Strength = tuple[int, Reason]
_SHOWN_DEALS = 5


def _counted(found: Iterable[Strength]) -> Iterable[Strength]:
    """Deals that make somebody equally strong in the same words, told once with their number and the latest date."""
    alike: dict[tuple[int, str], list[Reason]] = {}
    for c, reason in found:
        alike.setdefault((c, reason.text), []).append(reason)
    for (c, text), reasons in alike.items():
        deals = sorted({one for reason in reasons for one in reason.evidence})
        latest = max(reasons, key=lambda one: (one.at is not None, one.at))
        said = text if len(deals) == 1 else text.replace("a won deal", f"{len(deals)} won deals")
        yield c, replace(latest, text=said, evidence=tuple(deals[:_SHOWN_DEALS]))


def _deal_strengths(
    own: frozenset[int], company_id: int, at: datetime, deals: Iterable[DealFacts]
) -> Iterable[Strength]:
    for deal in deals:
        if deal.company_id != company_id or deal.archived or deal.created_at > at:
            continue
        for on_deal in deal.contacts:
            if on_deal.contact_id in own and (on_deal.at is None or on_deal.at <= at):
                yield _on_deal(deal, on_deal.roles, at)


def _on_deal(deal: DealFacts, roles: frozenset[str], at: datetime) -> Strength:
    evidence, closed = (f"deal:{deal.id}",), deal.closed_at or deal.created_at
    if not deal.counts_as_won or closed > at:
        c = 300_000
        return c, Reason("deal_contact", "was a contact on a deal", deal.created_at, evidence, c)
    if roles & KEY_ROLES:
        role = min(roles & KEY_ROLES).replace("_", " ")
        return PPM, Reason("won_key_role", f"was {role} on a won deal", closed, evidence, PPM)
    c = 800_000
    return c, Reason("won_contact", "was on a won deal", closed, evidence, c)


def _answer_strengths(
    own: frozenset[int], company_id: int, at: datetime, answers: Iterable[NpsAnswer], policy: Policy
) -> Iterable[Strength]:
    window = timedelta(policy.nps_window_days)
    latest = max(
        (
            one
            for one in answers
            if one.contact_id in own
            and one.company_id in {company_id, None}
            and at - window <= one.at <= at
        ),
        key=lambda one: (one.at, one.id),
        default=None,
    )
    if latest is not None and latest.score >= PROMOTER_AT:
        text = f"gave {latest.score} of 10 on {latest.at:%Y-%m-%d}"
        yield (
            700_000,
            Reason("promoter", text, latest.at, (f"contact:{latest.contact_id}",), 700_000),
        )


def left_at(move: Move, policy: Policy) -> datetime:
    """When the person most likely left, which is when their standing there is judged.

    People show up at the new company some time after they left the old one. So it is that long
    before the move shows, or when something told of their leaving, whichever is earlier; but never
    before they were last seen.
    """
    told = [
        signal.at for signal in move.signals if signal.kind in _LEAVING and signal.at is not None
    ]
    likely = min([move.moved_at - timedelta(policy.moved_lag_days), *told])
    return min(max(likely, move.earliest), move.moved_at)


def with_strength(move: Move, c: int, reason: Reason | None) -> Move:
    """The move with the person's champion strength when leaving."""
    return replace(move, strength=c, reasons=(*move.reasons, *([reason] if reason else [])))


def role_of(*, is_moved: bool, is_champion: bool, is_referrer: bool, is_promoter: bool) -> str:
    """The highest role that applies, as written to the contact."""
    if is_moved:
        return "moved_champion"
    if is_champion:
        return "champion"
    if is_referrer:
        return "referrer"
    return "promoter" if is_promoter else "none"
