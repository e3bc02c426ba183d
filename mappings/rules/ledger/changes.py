"""Why a number changed: the ledger's rows, told as what happened, with lines that add up to the difference exactly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.findings import SHARE_ONE, Entry
from mappings.rules.ledger import money


@dataclass(frozen=True, slots=True)
class Line:
    """What one thing that happened did to one credit: `back` was taken back (0 or less), `booked` was added."""

    key: str
    kind: str
    currency: str
    back: int = 0
    booked: int = 0
    share_before: int | None = (
        None  # of SHARE_ONE; None when no row of it was taken back or given a share
    )
    share_after: int | None = None
    company_id: int | None = None
    subject_id: int | None = None  # who is credited: a person's number, or an opaque one
    reason: str = ""

    @property
    def difference(self) -> int:
        """What the credit gained or lost."""
        return self.back + self.booked


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one deal, when the ledger learned of it, and what that did to each credit."""

    deal_id: int
    at: datetime
    occasion: str
    reason: str
    lines: tuple[Line, ...]

    @property
    def differences(self) -> dict[str, int]:
        """What the change adds up to, by currency."""
        return _sum((line.currency, line.difference) for line in self.lines)

    @property
    def derived(self) -> dict[str, int]:
        """The part of it that is second-order revenue, by currency."""
        return _sum(
            (line.currency, line.difference) for line in self.lines if line.kind != FIRST_ORDER
        )


def _sum(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for currency, minor in parts:
        found[currency] = found.get(currency, 0) + minor
    return found


def changes_of(rows: Iterable[Entry]) -> tuple[Change, ...]:
    """The story of these rows, oldest first; its differences add up to the rows' sum, whichever rows they are."""
    ordered = sorted(rows, key=lambda row: row.id or 0)
    return tuple(
        _change(deal, at, occasion, list(found))
        for (deal, at, occasion), found in groupby(
            ordered, key=lambda row: (row.deal_id, known_at(row), row.occasion)
        )
    )


def between(
    rows: Iterable[Entry], since: datetime | None, until: datetime | None = None
) -> tuple[Entry, ...]:
    """The rows that the ledger got from *since* on and before *until*."""
    return tuple(
        row
        for row in rows
        if (since is None or known_at(row) >= since) and (until is None or known_at(row) < until)
    )


def known_at(row: Entry) -> datetime:
    """When the ledger got a row."""
    return row.recorded_at or row.effective_at


def _change(deal: int, at: datetime, occasion: str, rows: Sequence[Entry]) -> Change:
    by_key: dict[tuple[str, str], list[Entry]] = {}
    for row in rows:
        by_key.setdefault((row.key, row.currency), []).append(row)
    said = next((row.reason for row in rows if row.reverses is not None), "")
    return Change(deal, at, occasion, said or f"deal {deal} {_SAID.get(occasion, occasion)}",
                  tuple(_line(key, currency, found) for (key, currency), found in by_key.items()))  # fmt: skip


_SAID = {
    "won": "was won",
    "rewon": "was won again",
    "restored": "was restored",
    "amount": "changed its amount",
    "evidence": "was judged anew by later evidence",
    "ordered": "was judged anew by a person's order",
    "currency": "changed its currency",
    "close date": "changed the month of its close",
    "home": "got an amount in home currency",
}


def _line(key: str, currency: str, rows: Sequence[Entry]) -> Line:
    back = [row for row in rows if row.reverses is not None]
    new = [row for row in rows if row.reverses is None]
    shared = [row for row in new if row.share]
    head = (shared or new or back)[-1]
    return Line(
        key,
        head.kind,
        currency,
        sum(row.amount_minor for row in back),
        sum(row.amount_minor for row in new),
        -sum(row.share for row in back) if back else None,
        sum(row.share for row in shared) if shared else None,
        head.company_id,
        head.person_id,
        head.reason if shared else "",
    )


@dataclass(frozen=True, slots=True)
class Story:
    """What a number was, what it is, and everything in between."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: tuple[Change, ...]
    derived_before: Mapping[str, int] = field(default_factory=dict)
    derived_after: Mapping[str, int] = field(default_factory=dict)


def story(rows: Iterable[Entry], since: datetime | None, until: datetime | None = None) -> Story:
    """Two moments compared: the sums of these rows at both, and what happened from one to the other."""
    found = tuple(rows)
    early = () if since is None else between(found, None, since)
    late = between(found, None, until)
    return Story(
        _sum((row.currency, row.amount_minor) for row in early),
        _sum((row.currency, row.amount_minor) for row in late),
        changes_of(between(found, since, until)),
        _sum((row.currency, row.amount_minor) for row in early if row.kind != FIRST_ORDER),
        _sum((row.currency, row.amount_minor) for row in late if row.kind != FIRST_ORDER),
    )


def in_words(change: Change, who: Mapping[str, str] | None = None) -> list[str]:
    """A change as lines for people; *who* says by key what to call a credit."""
    sums = ", ".join(
        signed(minor, currency) for currency, minor in sorted(change.differences.items())
    )
    head = f"{change.at:%Y-%m-%d}  {change.reason[:1].upper()}{change.reason[1:]}: {sums}"
    return [head, *(f"    {one}" for one in _lines_in_words(change, who or {}))]


def _lines_in_words(change: Change, who: Mapping[str, str]) -> Iterator[str]:
    for line in sorted(
        change.lines, key=lambda one: (one.kind == FIRST_ORDER, one.key, one.currency)
    ):
        name = who.get(line.key) or line.kind.replace("_", " ")
        yield f"{name}: {_moved(line)}"


def _moved(line: Line) -> str:
    if line.back and line.booked:
        shares = f", share {percent(line.share_before or 0)} -> {percent(line.share_after or 0)}"
        both = f"{signed(line.back, line.currency)} taken back, {signed(line.booked, line.currency)} booked"
        return f"{both} = {signed(line.difference, line.currency)}{shares}"
    if line.back:
        return f"{signed(line.back, line.currency)} taken back"
    share = f" ({percent(line.share_after)} of the deal)" if line.share_after else ""
    return f"{signed(line.booked, line.currency)} booked{share}"


def signed(minor: int, currency: str) -> str:
    """An amount with its sign, as people write it."""
    return f"{'+' if minor > 0 else ''}{money.shown(minor, currency)}"


def percent(share: int) -> str:
    """A share of SHARE_ONE in percent, to two places."""
    return f"{share * 100 / SHARE_ONE:.2f} %"
