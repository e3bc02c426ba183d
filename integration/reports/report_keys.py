"""The keys of a report's rows: for scripts, for people, and as a filter of their deals."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from integration.portal import record_names
from integration.storage.database import Transaction
from integration.storage.listings import choice_rows
from integration.storage.mirror import owner_rows
from mappings import formats
from mappings.kinds import Dimension, ObjectType, Timing, source_label
from mappings.records.report_request import NOTHING, PERIODIC, Grouping
from mappings.rules.attribution.reasons import REMOVED
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Month
from mappings.rules.ledger.report_period import Period

Group = tuple[str | None, ...]
_MONTHS_OF: Mapping[Dimension, int] = {
    Dimension.MONTH: 1,
    Dimension.QUARTER: 3,
    Dimension.YEAR: 12,
}
_NO_COMPANY = "No company"
_NO_VALUE = "No value"
# What stands where no record does.
_WORDS: Mapping[Dimension, Mapping[str, str]] = {
    Dimension.CREDITED: {
        "first_order": "Marketing and selling",
        "pool": "Word of mouth of no known company",
        "person": "People without a company",
    },
    Dimension.ADVOCATE: {
        "first_order": "Marketing and selling",
        "pool": "Word of mouth of no known company",
        "company": "A company, no person known",
        "removed": REMOVED,
    },
}
_NONE: Mapping[Dimension, str] = {
    Dimension.OWNER: "No owner",
    Dimension.TEAM: "No team",
    Dimension.PIPELINE: "No pipeline",
    Dimension.COMPANY: _NO_COMPANY,
    Dimension.TIMING: "Not known",
}
RECORDS: Mapping[Dimension, str] = {
    Dimension.COMPANY: ObjectType.COMPANY,
    Dimension.CREDITED: ObjectType.COMPANY,
    Dimension.ADVOCATE: ObjectType.CONTACT,
}


def words() -> set[str]:
    """Return what people read where a key is no record and no word of the account."""
    of_keys = {word for words in _WORDS.values() for word in words.values()}
    return {*of_keys, *_NONE.values(), _NO_VALUE}


@dataclass(frozen=True, slots=True)
class Key:
    """One value of a dimension: as scripts and addresses know it, and as people read it.

    A period's key has its first and last day.
    """

    value: str
    label: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A month, quarter or year: the month it begins with, and its days within the period."""

    month: Month
    key: Key
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a report's groups, by their dimension and as they are stored."""

    by: tuple[Grouping, ...]
    known: Mapping[tuple[Grouping, str | None], Key]
    steps: Sequence[Step]

    def of_groups(self, groups: Iterable[Group]) -> Iterator[tuple[Group, tuple[Key, ...]]]:
        """Yield each group with its keys."""
        for group in groups:
            yield (
                group,
                tuple(
                    self.known[grouping, stored]
                    for grouping, stored in zip(self.by, group, strict=True)
                ),
            )

    def chosen(self, group: Group) -> list[tuple[Grouping, str]]:
        """The values that a group's deals have, its period aside."""
        return [
            (grouping, self.known[grouping, stored].value)
            for grouping, stored in zip(self.by, group, strict=True)
            if grouping.dimension not in PERIODIC
        ]

    def step(self, group: Group) -> Step | None:
        """The period that a group is of, if its report is by one."""
        for grouping, stored in zip(self.by, group, strict=True):
            if grouping.dimension in PERIODIC:
                return self.steps[int(stored or 1) - 1]
        return None


def steps(kind: Dimension, period: Period, months: Sequence[Month]) -> list[Step]:
    """The steps of a kind that these months make; the first and the last end with the period."""
    length = _MONTHS_OF[kind]
    found: dict[Month, Step] = {}
    for month in months:
        begin = month.replace(month=month.month - (month.month - 1) % length)
        end = _last_day(begin, length)
        first, last = max(begin, period.first or begin), min(end, period.last or end)
        key = replace(_STEP_KEYS[kind](begin), first=first, last=last)
        found[begin] = Step(begin, key, first, last)
    return list(found.values())


def _last_day(begin: Month, length: int) -> date:
    month = begin.replace(month=begin.month + length - 1)
    return periods.after(month) - timedelta(days=1)


def _month_key(month: Month) -> Key:
    return Key(f"{month:%Y-%m}", formats.month(month))


def _quarter_key(month: Month) -> Key:
    number = (month.month + 2) // 3
    return Key(f"{month.year}-Q{number}", f"Q{number} {month.year}")


def _year_key(month: Month) -> Key:
    return Key(f"{month.year}", f"{month.year}")


_STEP_KEYS: Mapping[Dimension, Callable[[Month], Key]] = {
    Dimension.MONTH: _month_key,
    Dimension.QUARTER: _quarter_key,
    Dimension.YEAR: _year_key,
}


def of(
    tx: Transaction, by: tuple[Grouping, ...], groups: Sequence[Group], steps: Sequence[Step]
) -> Keys:
    """Name the keys of these groups; one query for each kind of names among them."""
    stored = {(grouping, group[place]) for place, grouping in enumerate(by) for group in groups}
    refs = [ref for grouping, key in stored if (ref := _ref(grouping, key))]
    names = record_names.shown(tx, refs) if refs else {}
    labels = {grouping: _labels(tx, grouping.dimension) for grouping in by}
    known: dict[tuple[Grouping, str | None], Key] = {}
    for grouping, key in stored:
        ref = _ref(grouping, key)
        if ref is not None:
            known[grouping, key] = Key(str(ref[1]), names[ref])
        elif grouping.dimension in PERIODIC:
            known[grouping, key] = steps[int(key or 1) - 1].key
        else:
            label = _label(grouping, key, labels[grouping])
            known[grouping, key] = Key(NOTHING if key is None else key, label)
    return Keys(by, known, steps)


def _labels(tx: Transaction, kind: Dimension) -> Mapping[str, str]:
    """What the account calls the values of a dimension that are no records."""
    if kind is Dimension.PIPELINE:
        return choice_rows.stages(tx)["pipeline"]
    if kind not in {Dimension.OWNER, Dimension.TEAM}:
        return {}
    owners = owner_rows.every(tx)
    if kind is Dimension.OWNER:
        return {str(owner_id): owner.name for owner_id, owner in owners.items()}
    return {owner.team.team_id: owner.team.name for owner in owners.values() if owner.team}


def _ref(grouping: Grouping, key: str | None) -> tuple[str, int] | None:
    """The record that a key is the id of."""
    object_type = RECORDS.get(grouping.dimension)
    if object_type is None or key is None or not key.isdigit():
        return None
    return object_type, int(key)


def _label(grouping: Grouping, key: str | None, labels: Mapping[str, str]) -> str:
    kind = grouping.dimension
    if key is None:
        return _NONE.get(kind, _NO_VALUE)
    if key in labels:
        return labels[key]
    if key in _WORDS.get(kind, {}):
        return _WORDS[kind][key]
    return _LABELS[kind](key) if kind in _LABELS else key


_TIMINGS = {timing.value: timing.label for timing in Timing}
_LABELS: Mapping[Dimension, Callable[[str], str]] = {
    Dimension.SOURCE: source_label,
    Dimension.TIMING: lambda key: _TIMINGS.get(key, key),
    Dimension.ORDER: lambda key: f"Order {key}",
    Dimension.OWNER: lambda key: f"Owner {key}",
}
