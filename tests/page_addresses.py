"""The address of every page of an account, from the app's own list of routes.

A page whose address names more than the account has a row in ARGUMENTS, and every page that shows
something else after a question mark has one in QUERIES. A new page joins by itself or is missed
with a sentence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Named:
    """An account and what its addresses name: a record of each type, an open question, and so on."""

    portal_id: int
    records: Mapping[str, int] = field(default_factory=dict)
    question: int = 1
    report: int = 1


def _roots(named: Named) -> list[Arguments]:
    """With whom a tree can begin."""
    roots = ("contact", "company")
    return [
        {"root": kind, "record_id": named.records[kind]} for kind in roots if kind in named.records
    ]


# The arguments of each page that needs more than the account's number: one page for each of them.
ARGUMENTS: Mapping[str, Callable[[Named], Sequence[Arguments]]] = {
    "records.record": lambda named: [
        {"object_type": kind, "record_id": number} for kind, number in named.records.items()
    ],
    "tree.of": _roots,
    "tree.download": _roots,
    "review.question": lambda named: [{"review_id": named.question}],
    "board.rows": lambda _: [{"group": group} for group in ("cohort", "came", "new")],
    "reports.ready": lambda _: [{"key": "revenue-by-month"}],
    "reports.choose": lambda _: [{"word": "pipeline"}],
    "uploads.look": lambda _: [{"upload_id": 1}],
    "uploads.refused": lambda _: [{"upload_id": 1}],
    "saved_reports.show": lambda named: [{"report_id": named.report}],
    "digests.ask": lambda _: [{"token": "x"}],
    "survey.show": lambda _: [{"token": "x"}],
    "public_leaders.show": lambda _: [{"code": "x"}],
    "personal_links.follow": lambda _: [{"code": "x"}],
    "join.look": lambda _: [{"token": "x"}],
    "entry.choose_language": lambda _: [{"code": "de"}],
    "entry.static": lambda _: [],
}
# What follows the question mark, where a page shows something else then.
QUERIES: Mapping[str, Sequence[str]] = {
    "board.show": ("?from=2026-01-01&to=2026-06-30", "?to=2026-06-30", "?from=May", "?moved=x"),
    "board.rows": ("?from=2025-01-01&to=2026-06-30", "?after=nowhere"),
    "costs.show": ("?said=kept",),
    "records.record": ("?models=1", "?after=nowhere", "?source=1.k&row=2"),
    "tree.of": ("?table=1",),
    "tree.show": ("?type=company&text=a", "?type=contact&text=nobody+is+called+so"),
    "portal.home": ("?period=last_12_months", "?period=all", "?from=2026-05-02&to=2026-05-01"),
    "reconciliation.show": ("?month=2019-01", "?month=May"),
    "reconciliation.changes": ("?period=all", "?month=2026-05", "?after=nowhere"),
    "search.find": ("?q=a", "?q=zzzz", "?type=company&id=a", "?type=deal&id=nobody+is+called+so"),
    "reports.show": ("?measure=booked&measure=deals&by=company&by=source&period=all",),
    "comparison.show": ("?from=2001-01-01",),
    "records.suggest": ("?type=company&text=ann",),
    "unmatched.show": ("?after=nowhere", "?after=2026-05-01T00:00:00%2B00:00~survey:x~1"),
    "customers.day": ("?on=2026-05-31", "?on=1999-01-01", "?on=soon"),
    "lists.wins": ("?kind=renewal&since=2026-05-01&sort=at", "?kind=party"),
    "lists.customers": ("?band=at_risk&active=yes&sort=-change", "?untouched=yes", "?band=blue"),
    "asking_works.show": ("?trial=99",),
    "program.show": ("?order=visits", "?order=colour", "?before=5"),
    "lists.deals": ("?state=won&sort=-amount", "?company=5", "?colour=red"),
}


def addresses(app: Flask, named: Named) -> Iterator[tuple[str, str]]:
    """Each route that can be looked at, with the addresses of its pages."""
    rules = {
        rule.endpoint: rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    for endpoint in sorted(rules):
        for arguments in _arguments(rules[endpoint], named):
            path = app.url_map.bind("").build(endpoint, arguments)
            for query in ("", *QUERIES.get(endpoint, ())):
                yield endpoint, f"{path}{query}"


def _arguments(rule: Rule, named: Named) -> Sequence[Arguments]:
    given = {"portal_id": named.portal_id} if "portal_id" in rule.arguments else {}
    if not rule.arguments - {"portal_id"}:
        return [given]
    assert rule.endpoint in ARGUMENTS, f"{rule.rule} needs a row for {rule.endpoint} in ARGUMENTS"
    return [given | more for more in ARGUMENTS[rule.endpoint](named)]
