"""Field patches: desired values minus current ones, as conclusions and rows of the outbox."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integration.conclude.batch import Batch
from integration.storage.findings import conclusion_rows
from integration.storage.queue import outbox
from mappings.records.catalogue import own_names
from mappings.records.properties import UPDATED_AT

FieldsAndReasons = tuple[dict[str, str], list[object]]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What one record should say, and why. The value "" says that a field is to be empty.

    A judgement that `stands` keeps the settings version that made it.
    """

    record_id: int
    desired: Mapping[str, str]
    reasons: Sequence[object] = ()
    stands: bool = False


def plan(batch: Batch, object_type: str, conclusions: Sequence[Conclusion]) -> None:
    """Store conclusions, and put what must change in HubSpot in the outbox.

    A record that already is as desired has no patch; one that waits for it is taken back. A record
    that is gone has neither conclusion nor patch.
    """
    if not conclusions:
        return
    ids = [conclusion.record_id for conclusion in conclusions]
    records = conclusion_rows.current_records(batch.tx, object_type, ids)
    living = {record_id: record for record_id, record in records.items() if not record.is_gone}
    paused = {name for paused_type, name in batch.paused if paused_type == object_type}
    kept = [conclusion for conclusion in conclusions if conclusion.record_id in living]
    own = own_names(object_type)
    plans = [
        _decide(batch, conclusion, living[conclusion.record_id], own, paused) for conclusion in kept
    ]
    _store(batch, object_type, plans)
    forget(batch, object_type, set(ids) - living.keys())


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a conclusion comes to: a row to store and a patch to write, if any.

    A record that `agrees` no longer needs the patch that waits for it.
    """

    record_id: int
    row: Mapping[str, object] | None
    patch: Mapping[str, str]
    agrees: bool


def _store(batch: Batch, object_type: str, plans: Sequence[_Plan]) -> None:
    rows = [plan.row for plan in plans if plan.row is not None]
    conclusion_rows.store(batch.tx, object_type, rows)
    patches = {plan.record_id: plan.patch for plan in plans if plan.patch}
    outbox.plan(batch.tx, object_type, patches)
    agreeing = [plan.record_id for plan in plans if plan.agrees]
    if agreeing:
        outbox.cancel(batch.tx, object_type, agreeing)


def _decide(
    batch: Batch,
    conclusion: Conclusion,
    record: conclusion_rows.CurrentRecord,
    own: AbstractSet[str],
    paused: set[str],
) -> _Plan:
    cleared = _cleared(own, record.desired or {}, record.properties)
    wanted = {**cleared, **conclusion.desired}
    row = _row(conclusion, wanted, _version(conclusion, record, batch))
    # A record that never had a value of ours and has none now needs no row that says so.
    is_worth_a_row = any(wanted.values()) or record.desired is not None
    patch = _patch(wanted, record, paused)
    is_due = bool(patch) and not _is_on_its_way(patch, record.sent)
    return _Plan(
        record_id=conclusion.record_id,
        row=row if is_worth_a_row and _differs(row, record) else None,
        patch={**patch, **_stamp(batch.now, paused)} if is_due else {},
        agrees=record.has_patch and not patch,
    )


def _patch(
    wanted: Mapping[str, str], record: conclusion_rows.CurrentRecord, paused: set[str]
) -> dict[str, str]:
    """What to write, the values of a patch under way included, as they are wanted now."""
    taken_back = _taken_back(wanted, record.sent, paused)
    return {**taken_back, **difference(wanted, record.properties, paused)}


def _is_on_its_way(patch: Mapping[str, str], sent: Mapping[str, str] | None) -> bool:
    """Whether a patch that was sent, and whose outcome is not known yet, says the same."""
    if not sent:
        return False
    return patch == {name: value for name, value in sent.items() if name != UPDATED_AT}


def _differs(row: Mapping[str, object], before: conclusion_rows.CurrentRecord) -> bool:
    """Whether the stored conclusion says something else."""
    now = row["desired"], row["reasons"], row["settings_version"]
    return now != (before.desired, before.reasons, before.settings_version)


def difference(
    desired: Mapping[str, str], current: Mapping[str, Any], paused: set[str]
) -> dict[str, str]:
    """What to write so that *current* becomes *desired*, but for properties that are paused."""
    left_alone = {UPDATED_AT, *paused}
    return {
        name: value
        for name, value in desired.items()
        if name not in left_alone and not same(value, current.get(name))
    }


def same(desired: str, current: str | None) -> bool:
    """Whether two texts mean one value: numbers and times by value, nothing and empty alike."""
    now = current or ""
    if desired == now:
        return True
    if not desired or not now:
        return False
    try:
        return Decimal(desired) == Decimal(now)
    except InvalidOperation:
        return _read_moment(desired) == _read_moment(now) is not None


def _read_moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _taken_back(
    wanted: Mapping[str, str], sent: Mapping[str, str] | None, paused: set[str]
) -> dict[str, str]:
    """What a patch on its way may have written by now, with the values wanted today."""
    names = [name for name in sent or () if name not in paused and name != UPDATED_AT]
    return {name: wanted.get(name, "") for name in names}


def _cleared(
    own: AbstractSet[str], before: Mapping[str, str], current: Mapping[str, Any]
) -> dict[str, str]:
    """What we once wrote, or HubSpot still shows, is emptied unless it is still meant.

    HubSpot copies our values to the survivor of a merge, to which we never wrote.
    """
    shown = {name for name in own if current.get(name)}
    once_written = {name for name in before if before[name]}
    return dict.fromkeys((shown | once_written) - {UPDATED_AT}, "")


def _stamp(now: datetime, paused: set[str]) -> dict[str, str]:
    return {} if UPDATED_AT in paused else {UPDATED_AT: moment(now)}


def _version(conclusion: Conclusion, record: conclusion_rows.CurrentRecord, batch: Batch) -> int:
    if conclusion.stands and record.settings_version is not None:
        return record.settings_version
    return batch.policy.version


def _row(conclusion: Conclusion, wanted: Mapping[str, str], version: int) -> dict[str, object]:
    return {
        "record_id": conclusion.record_id,
        "desired": {name: value for name, value in sorted(wanted.items()) if value},
        "reasons": list(conclusion.reasons),
        "settings_version": version,
    }


def moment(at: datetime) -> str:
    """A time as HubSpot takes it."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def share(ppm: int) -> str:
    """Parts per million as a plain number between 0 and 1, four digits at most."""
    text = f"{round(ppm / 100) / 10_000:.4f}".rstrip("0").rstrip(".")
    return text or "0"


def forget(batch: Batch, object_type: str, record_ids: Collection[int]) -> None:
    """Say nothing more about records that are gone."""
    if record_ids:
        conclusion_rows.delete(batch.tx, object_type, record_ids)
        outbox.cancel(batch.tx, object_type, record_ids)
