"""Properties HubSpot works out itself, asked for at reading time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING

from .records import Record, iso

if TYPE_CHECKING:
    from .pipelines import Stage
    from .portal import Portal

DIGITS = 400  # of an amount before the point; doubles end at 308
Calculation = Callable[["Portal", Record], str | None]


def stage_of(portal: Portal, record: Record) -> Stage | None:
    """The stage a deal or ticket stands in, if its pipeline still has it."""
    name = record.get("dealstage" if record.type == "deal" else "hs_pipeline_stage")
    return portal.stage(record.type, name)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _is_closed(portal: Portal, deal: Record) -> str:
    stage = stage_of(portal, deal)
    return _flag(stage is not None and stage.closed)


def _is_won(portal: Portal, deal: Record) -> str:
    stage = stage_of(portal, deal)
    return _flag(stage is not None and stage.is_won)


def _is_lost(portal: Portal, deal: Record) -> str:
    stage = stage_of(portal, deal)
    return _flag(stage is not None and stage.closed and not stage.is_won)


def _won_date(portal: Portal, deal: Record) -> str | None:
    if _is_won(portal, deal) == "false":
        return None
    return iso(deal.history["dealstage"][0][0])


def _probability(portal: Portal, deal: Record) -> str | None:
    stage = stage_of(portal, deal)
    return None if stage is None or stage.probability is None else str(float(stage.probability))


def _decimal(text: object) -> Decimal | None:
    """A number HubSpot could hold; values of no number type, and numbers beyond doubles, are none."""
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < DIGITS else None


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rate(portal: Portal, deal: Record) -> Decimal:
    return portal.rates.get(str(deal.get("deal_currency_code") or portal.currency), Decimal(1))


def _exchange_rate(portal: Portal, deal: Record) -> str | None:
    return str(_rate(portal, deal)) if deal.get("deal_currency_code") else None


def _home(portal: Portal, deal: Record) -> str | None:
    amount = _decimal(deal.get("amount"))
    if amount is None:
        return None
    with localcontext(prec=DIGITS + 20):
        return _plain((amount * _rate(portal, deal)).quantize(Decimal("0.000001")))


def _closed_amount(portal: Portal, deal: Record) -> str:
    return (deal.get("amount") or "0") if _is_won(portal, deal) == "true" else "0"


def _closed_home(portal: Portal, deal: Record) -> str:
    return (_home(portal, deal) or "0") if _is_won(portal, deal) == "true" else "0"


def _projected(portal: Portal, deal: Record) -> str | None:
    amount, chance = _decimal(deal.get("amount")), _probability(portal, deal)
    return None if amount is None or chance is None else _plain(amount * Decimal(chance))


def _projected_home(portal: Portal, deal: Record) -> str | None:
    amount, chance = _home(portal, deal), _probability(portal, deal)
    return None if amount is None or chance is None else _plain(Decimal(amount) * Decimal(chance))


def _count(other: str) -> Calculation:
    return lambda portal, record: str(len(portal.associated(record.type, record.id, other)))


def _linked_by(other: str, type_id: int) -> Calculation:
    def first(portal: Portal, record: Record) -> str | None:
        linked = portal.associated(record.type, record.id, other).items()
        return next((str(found) for found, types in linked if type_id in types), None)

    return first


def _children(portal: Portal, company: Record) -> str:
    linked = portal.associated("company", company.id, "company").values()
    return str(sum(13 in types for types in linked))


def _won_deals(portal: Portal, record: Record) -> list[Record]:
    deals = (
        portal.records["deal"][found] for found in portal.associated(record.type, record.id, "deal")
    )
    return [deal for deal in deals if _is_won(portal, deal) == "true"]


def _revenue(portal: Portal, company: Record) -> str | None:
    won = _won_deals(portal, company)
    return (
        _plain(sum((Decimal(_closed_home(portal, deal)) for deal in won), Decimal(0)))
        if won
        else None
    )


def _open_value(portal: Portal, company: Record) -> str:
    deals = (
        portal.records["deal"][found] for found in portal.associated("company", company.id, "deal")
    )
    still = (deal for deal in deals if _is_closed(portal, deal) == "false")
    return _plain(sum((Decimal(_home(portal, deal) or 0) for deal in still), Decimal(0)))


def _recent(name: str) -> Calculation:
    def latest(portal: Portal, contact: Record) -> str | None:
        won = _won_deals(portal, contact)
        return max(won, key=lambda deal: deal.get("closedate")).get(name) or None if won else None

    return latest


def _roles(portal: Portal, company: Record, role: str) -> str:
    people = (
        portal.records["contact"][found]
        for found in portal.associated("company", company.id, "contact")
    )
    return str(
        sum(
            role in person.get("hs_buying_role")
            for person in people
            if person.get("hs_buying_role")
        )
    )


def _created(_: Portal, record: Record) -> str:
    return iso(record.created)


def _updated(_: Portal, record: Record) -> str:
    return iso(record.updated)


def _own_id(_: Portal, record: Record) -> str:
    return str(record.id)


_ALL: dict[str, Calculation] = {
    "hs_object_id": _own_id,
    "hs_createdate": _created,
    "hs_lastmodifieddate": _updated,
}
_BY_TYPE: dict[str, dict[str, Calculation]] = {
    "contact": {
        "lastmodifieddate": _updated,
        "hs_email_domain": lambda _, contact: contact.get("email").partition("@")[2] or None,
        "num_associated_deals": _count("deal"),
        "recent_deal_amount": _recent("amount"),
        "recent_deal_close_date": _recent("closedate"),
    },
    "company": {
        "hs_parent_company_id": _linked_by("company", 14),
        "num_associated_contacts": _count("contact"),
        "num_associated_deals": _count("deal"),
        "hs_num_child_companies": _children,
        "hs_num_contacts_with_buying_roles": lambda portal, company: _roles(portal, company, ""),
        "hs_num_decision_makers": lambda portal, company: _roles(portal, company, "DECISION_MAKER"),
        "hs_total_deal_value": _open_value,
        "total_revenue": _revenue,
    },
    "deal": {
        "hs_is_closed": _is_closed,
        "hs_is_closed_won": _is_won,
        "hs_is_closed_lost": _is_lost,
        "hs_closed_won_date": _won_date,
        "hs_deal_stage_probability": _probability,
        "amount_in_home_currency": _home,
        "hs_exchange_rate": _exchange_rate,
        "hs_closed_amount": _closed_amount,
        "hs_closed_amount_in_home_currency": _closed_home,
        "hs_projected_amount": _projected,
        "hs_projected_amount_in_home_currency": _projected_home,
        "hs_primary_associated_company": _linked_by("company", 5),
        "num_associated_contacts": _count("contact"),
    },
}
CALCULATED: dict[str, dict[str, Calculation]] = {
    kind: _ALL | _BY_TYPE.get(kind, {})
    for kind in (
        "contact",
        "company",
        "deal",
        "ticket",
        "feedback_submission",
        "email",
        "note",
        "task",
        "meeting",
        "call",
    )
}
