"""Texts that pages show out of tables: labels of kinds, settings and the like, counted things."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus

from integration.ingest import stream_labels
from integration.pages import report_pages, settings_form, wording
from integration.portal import authors, record_names
from integration.portal.permissions import Permission
from integration.reports import revenue_total
from integration.reports.ready_reports import READY
from integration.review import review_kinds
from mappings import formats, kinds
from mappings.records import access, activity_records, setup_kinds, text_sources, what_is_read
from mappings.records.setting_labels import setting_label
from mappings.rules.attribution.reasons import REMOVED
from mappings.rules.ledger import total_range
from mappings.rules.success.health import FACTORS

# Plurals that pages count: "3 deals".
COUNTED = (
    "companies", "contacts", "days", "deals", "detractors", "open tickets", "passives", "promoters", "left-out job changes", "records", "users",
)  # fmt: skip
# Errors whose names are headings of pages.
_ANSWERED = (400, 403, 404, 405, 409, 413, 414, 415, 429, 500, 503)
_RECORDS = ("company", "contact", "deal")


def labels() -> Iterator[tuple[str, str]]:
    """Yield each label with the file of its table."""
    for place, texts in _tables():
        for text in texts:
            if text:
                yield place, text


def _tables() -> Iterator[tuple[str, Iterable[str]]]:
    yield "mappings/kinds.py", _labels_of_kinds()
    yield "mappings/kinds.py", map(kinds.source_label, ("several", "none"))
    yield "mappings/formats.py", (formats.CERTAIN, formats.UNDER, formats.OVER, *formats.SURENESS)
    yield (
        "mappings/records/access.py",
        (scope.because for scope in (*access.REQUIRED_SCOPES, *access.OPTIONAL_SCOPES)),
    )
    yield "mappings/records/activity_records.py", activity_records.BECAUSE.values()
    yield "mappings/records/setting_labels.py", map(setting_label, settings_form.fields())
    yield "mappings/records/setup_kinds.py", (kind.title for kind in setup_kinds.KINDS.values())
    yield (
        "mappings/records/text_sources.py",
        (text for row in text_sources.known() for text in (row.group, row.hint)),
    )
    yield "mappings/records/what_is_read.py", _purposes()
    yield "mappings/rules/ledger/total_range.py", (total_range.RATE_BASIS,)
    yield "integration/ingest/stream_labels.py", stream_labels.PLURALS.values()
    yield "integration/portal/permissions.py", (right.label for right in Permission)
    yield "integration/portal/authors.py", (authors.named("", {}),)
    yield (
        "integration/portal/record_names.py",
        (
            REMOVED,
            *_RECORDS,
            "name",
            *map(record_names.nameless, _RECORDS),
            *map(record_names.unknown, _RECORDS),
        ),
    )
    yield (
        "integration/reports/ready_reports.py",
        (text for ready in READY.values() for text in (ready.name, ready.answers)),
    )
    yield "integration/pages/report_pages.py", report_pages.labels()
    yield "integration/reports/revenue_total.py", revenue_total.HOLDERS.values()
    yield (
        "integration/reports/ready_reports.py",
        (text for ready in READY.values() for text in (ready.name, ready.answers)),
    )
    yield "mappings/rules/success/health.py", FACTORS
    yield "integration/review/review_kinds.py", review_kinds.VERB_LABELS.values()
    yield "integration/pages/guard.py", (HTTPStatus(status).phrase for status in _ANSWERED)


def _labels_of_kinds() -> Iterator[str]:
    for kind in vars(kinds).values():
        members: Mapping[str, object] = getattr(kind, "__members__", {})
        for member in members.values():
            yield getattr(member, "label", "")


def _purposes() -> Iterator[str]:
    for purposes in (*what_is_read.PURPOSES.values(), *what_is_read.HISTORY_PURPOSES.values()):
        for purpose in purposes:
            yield purpose.because
    for link in what_is_read.LINK_PURPOSES:
        yield link.because


def plurals() -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield "%(num)s deal", "%(num)s deals" for each counted thing."""
    for plural in COUNTED:
        yield "integration/pages/wording.py", wording.forms(plural)
    for forms in revenue_total.UNBOOKED.values():
        yield "integration/reports/revenue_total.py", forms
