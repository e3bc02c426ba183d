"""A deal's page: who led to it, how sure, what is booked, and what other models would say."""

from collections.abc import Mapping

from flask import Request, render_template

from integration.admin.sign_in import Session
from integration.pages import record_frame
from integration.pages.texts import lazy_gettext
from integration.portal.context import PortalContext
from integration.reports import revenue_total
from integration.reports.records import deal_record
from integration.reports.records.deal_record import DealRecord, Places
from integration.review.review_kinds import VERB_LABELS
from integration.storage.ledger.credit_rows import SourcePlace
from mappings.kinds import Timing

_MODELS: Mapping[str, str] = {
    "first": lazy_gettext("First touch"),
    "last": lazy_gettext("Last touch"),
    "linear": lazy_gettext("Linear"),
    "u": lazy_gettext("U-shaped"),
    "w": lazy_gettext("W-shaped"),
    "full path": lazy_gettext("Full path"),
    "time decay": lazy_gettext("Time decay"),
    "shapley": lazy_gettext("Shapley value"),
    "markov": lazy_gettext("Markov removal effect"),
}
_LARGEST = (1 << 63) - 1  # that the database can hold
_LONGEST_KEY = 200


def page(portal: PortalContext, session: Session, deal_id: int, asked: Request) -> str | None:
    """Return the page; None for a deal that this account never had.

    The address says where its lists begin, and whether the other models are shown.
    """
    found = deal_record.read(portal, deal_id, _places(asked))
    if found is None:
        return None
    shows_models = "models" in asked.args
    models = deal_record.models(portal, found.card.record_id) if shows_models else None
    frame = record_frame.of(portal, session, found.card, _currency(found))
    return render_template(
        "deal.html",
        **frame,
        record=found,
        names=found.names,
        total=revenue_total.as_json(found.total),
        models=models,
        model_names=_MODELS,
        timings={timing.value: timing.label for timing in Timing},
        labels=VERB_LABELS,
        next_source=_written(found.next_source),
        is_first_page=not asked.args.keys() & {"source", "row"},
    )


def _currency(found: DealRecord) -> str:
    """The currency of the deal's own fields."""
    return str((found.deal or {}).get("currency") or found.terms.currency)


def _places(asked: Request) -> Places:
    """Where lists begin by the address; one that was made up by hand begins at the start."""
    entry = asked.args.get("row", "")
    is_entry = entry.isascii() and entry.isdigit() and len(entry) < len(str(_LARGEST))
    return Places(_source_place(asked.args.get("source", "")), int(entry) if is_entry else 0)


def _source_place(text: str) -> SourcePlace | None:
    share, _, key = text.partition(".")
    is_share = share.isascii() and share.isdigit() and len(share) < len(str(_LARGEST))
    if not is_share or not key or len(key) > _LONGEST_KEY or "\x00" in key:
        return None
    return SourcePlace(int(share), key)


def _written(place: SourcePlace | None) -> str | None:
    return f"{place.share}.{place.key}" if place else None
