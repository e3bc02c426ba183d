"""Writing patches in batches: each record has its own outcome; a bad one harms no other."""

from collections.abc import Mapping, Sequence
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
from mappings.records.catalogue import PLURAL

BATCH_SIZE: Final = 100

_Patches = dict[int, dict[str, str]]


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
        patches = self._without(patches, self._defined_wrong())
        if not patches:
            return
        try:
            answer = self._wire.call(
                "objects.update",
                objectType=PLURAL[self._object_type],
                body={"inputs": [_input(one, values) for one, values in patches.items()]},
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
        sent = {name for values in patches.values() for name in values}
        troubled = {name: code for name, code in minded.items() if name in sent}
        defined_wrong = {name for name, code in troubled.items() if code in DEFINITION_CODES}
        if not defined_wrong and len(patches) > 1:
            # A value is wrong, not the definition: only its own record loses it.
            return False
        if not troubled:
            return False
        self.result.troubles.update(troubled)
        self.send(self._without(patches, set(defined_wrong or troubled)))
        return True

    def _without(self, patches: _Patches, names: set[str]) -> _Patches:
        if not names:
            return patches
        kept: _Patches = {}
        for one, values in patches.items():
            out = tuple(name for name in values if name in names)
            if out:
                self._left_out[one] = (*self._left_out.get(one, ()), *out)
            rest = {name: value for name, value in values.items() if name not in names}
            if rest:
                kept[one] = rest
            else:
                left_out = self._left_out.get(one, ())
                reason = ", ".join(self.result.troubles.get(name, "") for name in left_out)
                self.result.outcomes[one] = Outcome("property_trouble", reason, left_out)
        return kept

    def _defined_wrong(self) -> set[str]:
        return {name for name, code in self.result.troubles.items() if code in DEFINITION_CODES}

    def _take(self, patches: _Patches, answer: Any) -> None:  # noqa: ANN401 - JSON is any
        try:
            written = _written(answer)
            refused = _refused(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise broken(
                "objects.update", f"has an unknown shape ({type(error).__name__})"
            ) from None
        again: _Patches = {}
        for one, values in patches.items():
            if one in written:
                self.result.outcomes[one] = Outcome("written", left_out=self._left_out.get(one, ()))
            elif one not in refused:
                self.result.outcomes[one] = Outcome(
                    "unclear", "HubSpot's answer does not name this record"
                )
            elif minded := {name: code for name, code in refused[one][1].items() if name in values}:
                self.result.troubles.update(minded)
                again.update(self._without({one: values}, set(minded)))
            else:
                self.result.outcomes[one] = refused[one][0]
        if again:
            self.send(again)


def _input(record_id: int, values: Mapping[str, str]) -> dict[str, object]:
    # The trace id lets HubSpot name the guilty input instead of refusing the whole batch.
    return {"id": str(record_id), "properties": values, "objectWriteTraceId": _trace(record_id)}


def _trace(record_id: int) -> str:
    return f"so-{record_id}"


def _of_trace(trace: str) -> int | None:
    number = trace.removeprefix("so-")
    return int(number) if number != trace and number.isdigit() else None


def _written(answer: Mapping[str, Any]) -> set[int]:
    """Return ids by trace, since a merged-away record is answered under its survivor's id."""
    found: set[int] = set()
    for result in answer["results"]:
        traced = _of_trace(str(result.get("objectWriteTraceId") or ""))
        found.add(int(result["id"]) if traced is None else traced)
    return found


def _refused(answer: Mapping[str, Any]) -> dict[int, tuple[Outcome, dict[str, str]]]:
    found: dict[int, tuple[Outcome, dict[str, str]]] = {}
    for error in answer.get("errors") or ():
        code = str(error.get("subCategory") or error.get("category") or "refused")
        gone = error.get("category") == "OBJECT_NOT_FOUND"
        outcome = Outcome("gone") if gone else Outcome("refused", code)
        for one in _named(error.get("context") or {}):
            found[one] = (outcome, {} if gone else troubled_properties(error))
    return found


def _named(context: Mapping[str, Any]) -> Sequence[int]:
    traced = [_of_trace(str(trace)) for trace in context.get("objectWriteTraceId") or ()]
    ids = [
        int(one) for key in ("ids", "id") for one in context.get(key) or () if str(one).isdigit()
    ]
    return [*ids, *(one for one in traced if one is not None)]


def _alone(error: BadRequest | RecordGone) -> Outcome:
    return Outcome("gone") if isinstance(error, RecordGone) else Outcome("refused", error.code)
