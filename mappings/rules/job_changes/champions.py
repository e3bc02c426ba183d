"""Champions: how strong a person's standing at a company was, and the role that follows from it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from mappings.formats import day
from mappings.rules.facts import PPM, ContactFacts, DealFacts, NpsAnswer
from mappings.rules.findings import Move, Reason
from mappings.rules.identity.record_profile import last_life
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

    *deals* are the company's deals, *answers* the person's NPS answers, *roles* the person's own
    roles there. (0, None) when nothing is known of them.
    """
    own = frozenset(contact_ids)
    strengths = [
        *_counted(_deal_strengths(own, company_id, at, deals)),
        *_answer_strengths(own, company_id, at, answers, policy),
    ]
    if roles & ADMIN_ROLES:
        strengths.append((700_000, Reason("admin", "administers the product", strength=700_000)))
    if is_customer:
        strengths.append((400_000, Reason("user", "worked at a customer", strength=400_000)))
    if not strengths:
        return 0, None
    # Of two that are equally strong the later one; those without a date come last.
    undated = datetime.min.replace(tzinfo=at.tzinfo)
    return max(strengths, key=lambda strength: (strength[0], strength[1].at or undated))


Strength = tuple[int, Reason]
_SHOWN_DEALS = 5


def _counted(strengths: Iterable[Strength]) -> Iterator[Strength]:
    """Equal strengths of several deals as one, with their number and the latest date."""
    alike: dict[tuple[int, str], list[Reason]] = {}
    for c, reason in strengths:
        alike.setdefault((c, reason.text), []).append(reason)
    for (c, text), reasons in alike.items():
        deals = sorted(set(chain.from_iterable(reason.evidence for reason in reasons)))
        latest = max(reasons, key=lambda reason: (reason.at is not None, reason.at))
        counted = text if len(deals) == 1 else text.replace("a won deal", f"{len(deals)} won deals")
        yield c, replace(latest, text=counted, evidence=tuple(deals[:_SHOWN_DEALS]))


def _deal_strengths(
    own: frozenset[int], company_id: int, at: datetime, deals: Iterable[DealFacts]
) -> Iterator[Strength]:
    for deal in deals:
        if deal.company_id != company_id or deal.archived or deal.created_at > at:
            continue
        for on_deal in deal.contacts:
            if on_deal.contact_id in own and (on_deal.at is None or on_deal.at <= at):
                yield _on_deal(deal, on_deal.roles, at)


def _on_deal(deal: DealFacts, roles: frozenset[str], at: datetime) -> Strength:
    """The strength of a contact on a deal, as far as the deal had come by then."""
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
) -> Iterator[Strength]:
    """The strength of the latest NPS answer within the window, if it is a promoter's."""
    since = at - timedelta(policy.nps_window_days)
    own_answers = [
        answer
        for answer in answers
        if answer.contact_id in own and answer.company_id in {company_id, None}
    ]
    in_window = [answer for answer in own_answers if since <= answer.at <= at]
    latest = max(in_window, key=lambda answer: (answer.at, answer.id), default=None)
    if latest is not None and latest.score >= PROMOTER_AT:
        c, text = 700_000, f"gave {latest.score} of 10 on {day(latest.at)}"
        yield c, Reason("promoter", text, latest.at, (f"contact:{latest.contact_id}",), c)


def left_at(
    move: Move, policy: Policy, last_seen: datetime | None = None, *, fell_silent: bool = False
) -> datetime:
    """When the person most likely left, which is when their standing there is judged.

    People appear at the new company some time after they left the old one, and an old record falls
    silent when they go. So it is that long before the move shows, or soon after they were
    *last_seen* on a record that *fell_silent*, or the date of a signal of their leaving, whichever
    is earliest; but never before they were last seen.
    """
    signs = [signal.at for signal in move.signals if signal.kind in _LEAVING and signal.at]
    if fell_silent and last_seen:
        signs.append(last_seen + timedelta(policy.moved_silence_days))
    likely = min([move.moved_at - timedelta(policy.moved_lag_days), *signs])
    return min(max(likely, last_seen or move.earliest, move.earliest), move.moved_at)


def last_seen(
    move: Move, former: ContactFacts | None, answers: Iterable[NpsAnswer]
) -> datetime | None:
    """The last sign of life of a mover at the company they left; None where nothing tells.

    An answer to a survey belongs to the employer of its time. Activity does only on a record that
    stayed behind: on one that moved along it goes on at the new company.
    """
    signs = [answer.at for answer in answers if answer.company_id == move.former_company_id]
    life = last_life(former) if former and fell_silent(move, former) else None
    return max((at for at in [*signs, life] if at and at <= move.moved_at), default=None)


def fell_silent(move: Move, former: ContactFacts | None) -> bool:
    """Whether the old record stayed behind, and was last heard of before the move."""
    if former is None or former.id == move.new_contact_id:
        return False
    life = last_life(former)
    return life is not None and life <= move.moved_at


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
