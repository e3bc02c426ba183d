"""Writing patches in batches: each record has its own outcome; a bad one harms no other."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from integration.core.errors import NeedsOwner, RecordGone, Retryable
from integration.hubspot.answer_shapes import Outcome, WriteResult
from integration.hubspot.faults import (
    DEFINITION_CODES,
    BadRequest,
    OurMistake,
    broken,
    troubled_properties,
)
from integration.hubspot.wire import Wire
from mappings.records import identifiers
from mappings.records.catalogue import PLURAL

BATCH_SIZE: Final = 100

_Patches = dict[int, dict[str, str]]
_NOT_NAMED = "HubSpot's answer does not name this record"


def update(wire: Wire, object_type: str, patches: Mapping[int, Mapping[str, str]]) -> WriteResult:
    """Write *patches*; outcomes already reached are kept whatever happens later."""
    batch = _Batch(wire, object_type)
    ids = list(patches)
    try:
        for start in range(0, len(ids), BATCH_SIZE):
            some = ids[start : start + BATCH_SIZE]
            batch.send({record_id: dict(patches[record_id]) for record_id in some})
    except (Retryable, NeedsOwner, OurMistake) as error:
        batch.result.stopped = error
    return batch.result


class _Batch:
    """One run of writing; later batches leave out the properties found in trouble."""

    def __init__(self, wire: Wire, object_type: str) -> None:
        self._wire = wire
        self._object_type = object_type
        self._left_out: dict[int, tuple[str, ...]] = {}
        self.result = WriteResult()

    def send(self, patches: _Patches) -> None:
        patches = self._without(patches, _defined_wrong(self.result.troubles))
        if not patches:
            return
        try:
            answer = self._wire.call(
                "objects.update",
                objectType=PLURAL[self._object_type],
                body={"inputs": list(map(_input, patches.keys(), patches.values()))},
            )
        except (BadRequest, RecordGone) as error:
            self._one_is_guilty(patches, error)
            return
        self._take(patches, answer)

    def _one_is_guilty(self, patches: _Patches, error: BadRequest | RecordGone) -> None:
        """Treat a batch refused as a whole: leave out properties, or split it down to one."""
        if isinstance(error, BadRequest) and self._spare(patches, error.properties):
            return
        ids = list(patches)
        if len(ids) == 1:
            self.result.outcomes[ids[0]] = _alone(error)
            return
        half = len(ids) // 2
        for part in (ids[:half], ids[half:]):
            self.send({record_id: patches[record_id] for record_id in part})

    def _spare(self, patches: _Patches, minded: Mapping[str, str]) -> bool:
        """Send again without the refused properties, if we sent them and only they are wrong."""
        sent = set[str]().union(*patches.values())
        troubled = {name: code for name, code in minded.items() if name in sent}
        if not troubled:
            return False
        defined_wrong = _defined_wrong(troubled)
        if not defined_wrong and len(patches) > 1:
            # A value is wrong, not the definition: only its own record loses it.
            return False
        self.result.troubles.update(troubled)
        self.send(self._without(patches, defined_wrong or troubled.keys()))
        return True

    def _without(self, patches: _Patches, names: Collection[str]) -> _Patches:
        """Return the patches without these properties; a record with none left has its outcome."""
        if not names:
            return patches
        kept: _Patches = {}
        for record_id, values in patches.items():
            out = [name for name in values if name in names]
            left_out = (*self._left_out.get(record_id, ()), *out)
            if out:
                self._left_out[record_id] = left_out
            rest = {name: value for name, value in values.items() if name not in names}
            if rest:
                kept[record_id] = rest
                continue
            reason = ", ".join(self.result.troubles.get(name, "") for name in left_out)
            self.result.outcomes[record_id] = Outcome("property_trouble", reason, left_out)
        return kept

    def _take(self, patches: _Patches, answer: Any) -> None:  # noqa: ANN401 - JSON is any
        try:
            written = _written(answer)
            refused = _refused(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise broken(
                "objects.update", f"has an unknown shape ({type(error).__name__})"
            ) from None
        outcomes = self.result.outcomes
        again: _Patches = {}
        for record_id, values in patches.items():
            if record_id in written:
                left_out = self._left_out.get(record_id, ())
                outcomes[record_id] = Outcome("written", left_out=left_out)
                continue
            if record_id not in refused:
                outcomes[record_id] = Outcome("unclear", _NOT_NAMED)
                continue
            outcome, troubled = refused[record_id]
            minded = {name: code for name, code in troubled.items() if name in values}
            if not minded:
                outcomes[record_id] = outcome
                continue
            self.result.troubles.update(minded)
            again.update(self._without({record_id: values}, minded))
        if again:
            self.send(again)


def _defined_wrong(troubles: Mapping[str, str]) -> set[str]:
    return {name for name, code in troubles.items() if code in DEFINITION_CODES}


def _input(record_id: int, values: Mapping[str, str]) -> dict[str, object]:
    # The trace id lets HubSpot name the guilty input instead of refusing the whole batch.
    return {"id": str(record_id), "properties": values, "objectWriteTraceId": _trace(record_id)}


def _trace(record_id: int) -> str:
    return f"so-{record_id}"


def _of_trace(trace: str) -> int | None:
    number = trace.removeprefix("so-")
    return identifiers.read(number) if number != trace else None


def _written(answer: Mapping[str, Any]) -> set[int]:
    """Return ids by trace, since a merged-away record is answered under its survivor's id."""
    written: set[int] = set()
    for result in answer["results"]:
        traced = _of_trace(str(result.get("objectWriteTraceId") or ""))
        written.add(identifiers.required(result["id"]) if traced is None else traced)
    return written


def _refused(answer: Mapping[str, Any]) -> dict[int, tuple[Outcome, dict[str, str]]]:
    refused: dict[int, tuple[Outcome, dict[str, str]]] = {}
    for error in answer.get("errors") or ():
        code = str(error.get("subCategory") or error.get("category") or "refused")
        gone = error.get("category") == "OBJECT_NOT_FOUND"
        outcome = Outcome("gone") if gone else Outcome("refused", code)
        for record_id in _named(error.get("context") or {}):
            refused[record_id] = (outcome, {} if gone else troubled_properties(error))
    return refused


def _named(context: Mapping[str, Any]) -> Sequence[int]:
    listed = [*(context.get("ids") or ()), *(context.get("id") or ())]
    named = [identifiers.read(record_id) for record_id in listed]
    traced = [_of_trace(str(trace)) for trace in context.get("objectWriteTraceId") or ()]
    return [record_id for record_id in (*named, *traced) if record_id is not None]


def _alone(error: BadRequest | RecordGone) -> Outcome:
    return Outcome("gone") if isinstance(error, RecordGone) else Outcome("refused", error.code)
