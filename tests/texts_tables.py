"""Texts that pages show out of tables: labels of kinds, settings and the like, counted things."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from werkzeug.http import HTTP_STATUS_CODES

from integration.ingest import stream_labels
from integration.pages import report_pages, settings_form, wording
from integration.portal import authors, record_names
from integration.portal.permissions import Permission
from integration.reports import board_figures, report_choices, report_keys, revenue_total
from integration.reports.listings.listings import LISTINGS
from integration.reports.ready_reports import READY
from integration.review import review_kinds
from mappings import formats, kinds
from mappings.records import (
    access,
    activity_records,
    cost_entries,
    setup_kinds,
    survey_tools,
    text_sources,
    what_is_read,
)
from mappings.records.setting_labels import setting_label
from mappings.rules.attribution.reasons import REMOVED
from mappings.rules.ledger import total_range
from mappings.rules.success.churn_risk import RiskFactor
from mappings.rules.success.health import FACTORS

# Plurals that pages count: "3 deals".
COUNTED = (
    "companies", "contacts", "days", "deals", "detractors", "open tickets", "passives", "promoters", "left-out job changes", "records", "rows", "users",
)  # fmt: skip
# Errors whose names are headings of pages.
_ANSWERED = (400, 403, 404, 405, 409, 413, 414, 415, 429, 500, 503)
_RECORDS = ("company", "contact", "deal")


def labels() -> Iterator[str]:
    """Yield each label of the tables; a new table is a line here."""
    yield from filter(None, chain(*_tables()))


def _tables() -> Iterator[Iterable[str]]:
    yield _labels_of_kinds()
    yield map(kinds.source_label, ("several", "none"))
    yield (formats.CERTAIN, formats.UNDER, formats.OVER, *formats.SURENESS)
    yield (scope.because for scope in (*access.REQUIRED_SCOPES, *access.OPTIONAL_SCOPES))
    yield activity_records.BECAUSE.values()
    yield map(setting_label, settings_form.fields())
    yield (kind.title for kind in setup_kinds.KINDS.values())
    yield (text for row in text_sources.known() for text in (row.group, row.hint))
    yield _purposes()
    yield (total_range.RATE_BASIS,)
    yield stream_labels.PLURALS.values()
    yield (right.label for right in Permission)
    yield (tool.label for tool in survey_tools.TOOLS)
    yield chain(*board_figures.LABELS.values(), board_figures.WHY.values())
    yield (*cost_entries.SOURCES.values(), *cost_entries.PARTS.values())
    yield (authors.named("", {}),)
    yield (*_RECORDS, "name", REMOVED)
    yield map(record_names.nameless, _RECORDS)
    yield map(record_names.unknown, _RECORDS)
    yield (text for ready in READY.values() for text in (ready.name, ready.answers))
    yield report_pages.labels()
    yield report_choices.STANDARD_LABELS.values()
    yield report_keys.words()
    yield _of_lists()
    yield revenue_total.HOLDERS.values()
    yield FACTORS
    yield (text for factor in RiskFactor for text in (factor.label, factor.question))
    yield review_kinds.VERB_LABELS.values()
    yield (HTTP_STATUS_CODES[status] for status in _ANSWERED)


def _labels_of_kinds() -> Iterator[str]:
    for kind in vars(kinds).values():
        members: Mapping[str, object] = getattr(kind, "__members__", {})
        for member in members.values():
            yield getattr(member, "label", "")


def _of_lists() -> Iterator[str]:
    for listing in LISTINGS.values():
        yield from (listing.title, listing.note)
        for column in listing.columns:
            yield from (column.heading, column.note_heading)
            yield from (*column.labels.values(), *column.note_labels.values())
        for entry in listing.filters:
            yield from (entry.label, *entry.choices.values())


def _purposes() -> Iterator[str]:
    for purposes in (*what_is_read.PURPOSES.values(), *what_is_read.HISTORY_PURPOSES.values()):
        for purpose in purposes:
            yield purpose.because
    for link in what_is_read.LINK_PURPOSES:
        yield link.because


def plurals() -> Iterator[tuple[str, str]]:
    """Yield "%(num)s deal", "%(num)s deals" for each counted thing."""
    yield from map(wording.forms, COUNTED)
    yield from revenue_total.UNBOOKED.values()
