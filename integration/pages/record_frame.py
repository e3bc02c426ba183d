"""What every record's page has: its name, its way to HubSpot, what we write on it, and its hold."""

from collections.abc import Mapping
from typing import Any

from integration.admin.sign_in import Session
from integration.pages import explanation_view
from integration.pages.portal_pages import account_of
from integration.portal import holds
from integration.portal.context import PortalContext
from integration.reports.records.record_card import RecordCard
from integration.success import ask_list
from integration.success.ask_list import AskCard


def of(
    portal: PortalContext, session: Session, card: RecordCard, currency: str, **more: object
) -> dict[str, Any]:
    """Return a record page's context. *currency* is that of the record's own fields."""
    account = account_of(portal).account
    with portal.transaction() as tx:
        hold = holds.current(tx)
    return {
        "session": session,
        "portal_id": session.portal_id,
        "card": card,
        "in_hubspot": _in_hubspot(account, session, card.object_type),
        "values": explanation_view.values(card.object_type, card.values, currency),
        "values_by_name": explanation_view.by_name(card.object_type, card.values, currency),
        "because": explanation_view.sentences(card.reasons),
        "hold": hold,
        "now": portal.runtime.now(),
        **more,
    }


def ask_of(portal: PortalContext, session: Session, card: RecordCard) -> AskCard | None:
    """Whether to ask, for visitors who ask people; None of who is not judged."""
    if not session.may_use("asks.show"):
        return None
    return ask_list.card(portal, card.object_type, card.record_id, with_choice=False)


def _in_hubspot(account: Mapping[str, Any], session: Session, object_type: str) -> Any:  # noqa: ANN401 - a function for templates
    """A record's address in HubSpot by its type (the page's own unless given) and id."""

    def address(record_id: int, kind: str = object_type) -> str | None:
        return explanation_view.in_hubspot(account, session.portal_id, kind, record_id)

    return address
