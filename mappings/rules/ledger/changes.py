"""Changes of a number: the ledger's rows as what happened, adding up to the difference exactly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import groupby

from mappings.formats import day, exact_percent
from mappings.kinds import EntryOccasion
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.findings import SHARE_ONE, Entry
from mappings.rules.ledger import money


@dataclass(frozen=True, slots=True)
class Line:
    """What one event did to one credit: `back` was taken back (0 or less), `booked` was added.

    Shares are of SHARE_ONE; None when no row with a share was taken back, or booked. `subject_id`
    is the credited person's number, or the opaque one that stands in its place.
    """

    key: str
    kind: str
    currency: str
    back: int = 0
    booked: int = 0
    share_before: int | None = None
    share_after: int | None = None
    company_id: int | None = None
    subject_id: int | None = None
    reason: str = ""

    @property
    def difference(self) -> int:
        """What the credit gained or lost."""
        return self.back + self.booked


@dataclass(frozen=True, slots=True)
class Change:
    """One event of one deal, when the ledger learned of it, and what it did to each credit."""

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
    sums: dict[str, int] = {}
    for currency, minor in parts:
        sums[currency] = sums.get(currency, 0) + minor
    return sums


def changes_of(rows: Iterable[Entry]) -> tuple[Change, ...]:
    """What made these rows, oldest first; the differences add up to the sum of any rows."""
    ordered = sorted(rows, key=lambda row: row.id or 0)
    events = groupby(ordered, key=lambda row: (row.deal_id, known_at(row), row.occasion))
    return tuple(
        _change(deal_id, at, occasion, list(posted)) for (deal_id, at, occasion), posted in events
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


# By the stored word; one that a later version wrote stands for itself.
_LABELS = {occasion.value: occasion.label for occasion in EntryOccasion}


def _change(deal_id: int, at: datetime, occasion: str, rows: Sequence[Entry]) -> Change:
    by_credit: dict[tuple[str, str], list[Entry]] = {}
    for row in rows:
        by_credit.setdefault((row.key, row.currency), []).append(row)
    reason = next((row.reason for row in rows if row.reverses is not None), "")
    lines = (_line(key, currency, posted) for (key, currency), posted in by_credit.items())
    return Change(
        deal_id,
        at,
        occasion,
        reason or f"deal {deal_id} {_LABELS.get(occasion, occasion)}",
        tuple(lines),
    )


def _line(key: str, currency: str, rows: Sequence[Entry]) -> Line:
    back = [row for row in rows if row.reverses is not None]
    booked = [row for row in rows if row.reverses is None]
    shared = [row for row in booked if row.share]
    head = (shared or booked or back)[-1]
    return Line(
        key,
        head.kind,
        currency,
        back=_amount(back),
        booked=_amount(booked),
        share_before=_share(back),
        share_after=_share(shared),
        company_id=head.company_id,
        subject_id=head.person_id,
        reason=head.reason if shared else "",
    )


def _amount(rows: Iterable[Entry]) -> int:
    return sum(row.amount_minor for row in rows)


def _share(rows: Sequence[Entry]) -> int | None:
    """The share that rows booked or, being reversals, took back; None without rows."""
    return abs(sum(row.share for row in rows)) if rows else None


@dataclass(frozen=True, slots=True)
class Story:
    """What a number was, what it is, and everything in between."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: tuple[Change, ...]
    derived_before: Mapping[str, int] = field(default_factory=dict)
    derived_after: Mapping[str, int] = field(default_factory=dict)


def story(rows: Iterable[Entry], since: datetime | None, until: datetime | None = None) -> Story:
    """Compare two moments: the sums of these rows at both, and what happened in between."""
    posted = tuple(rows)
    early = () if since is None else between(posted, None, since)
    late = between(posted, None, until)
    return Story(
        _amounts(early),
        _amounts(late),
        changes_of(between(posted, since, until)),
        _amounts(row for row in early if row.kind != FIRST_ORDER),
        _amounts(row for row in late if row.kind != FIRST_ORDER),
    )


def _amounts(rows: Iterable[Entry]) -> dict[str, int]:
    return _sum((row.currency, row.amount_minor) for row in rows)


def in_words(change: Change, who: Mapping[str, str] | None = None) -> list[str]:
    """A change as lines for people; *who* says by key what to call a credit."""
    sums = ", ".join(
        signed(minor, currency) for currency, minor in sorted(change.differences.items())
    )
    head = f"{day(change.at.date())}: {change.reason[:1].upper()}{change.reason[1:]}: {sums}"
    return [head, *(f"    {line}" for line in _lines_in_words(change, who or {}))]


def _lines_in_words(change: Change, who: Mapping[str, str]) -> Iterator[str]:
    # The remainder comes last: it is nobody's credit.
    ordered = sorted(
        change.lines, key=lambda line: (line.kind == FIRST_ORDER, line.key, line.currency)
    )
    for line in ordered:
        name = who.get(line.key) or line.kind.replace("_", " ")
        yield f"{name}: {_moved(line)}"


def _moved(line: Line) -> str:
    if line.back and line.booked:
        back, booked = signed(line.back, line.currency), signed(line.booked, line.currency)
        before, after = _percent(line.share_before or 0), _percent(line.share_after or 0)
        total = signed(line.difference, line.currency)
        return f"{back} taken back, {booked} booked = {total}, share {before} -> {after}"
    if line.back:
        return f"{signed(line.back, line.currency)} taken back"
    share = f" ({_percent(line.share_after)} of the deal)" if line.share_after else ""
    return f"{signed(line.booked, line.currency)} booked{share}"


def signed(minor: int, currency: str) -> str:
    """An amount with its sign, as people write it."""
    return f"{'+' if minor > 0 else ''}{money.shown(minor, currency)}"


def _percent(share: int) -> str:
    return exact_percent(Fraction(share, SHARE_ONE))
