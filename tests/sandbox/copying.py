"""Pictures of an account: to put it back, or to fill a second one as if the app had never been there."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from .portal import Portal
from .records import Record

_HELD = ("records", "bin", "retired", "merged", "links", "labels", "pipelines", "owners", "rates")
_COUNTED = ("_order", "_bin_order", "_next_id", "_emails")


def taken(portal: Portal) -> dict[str, object]:
    """A picture of all that an account holds."""
    return {name: copy.deepcopy(getattr(portal, name)) for name in (*_HELD, *_COUNTED)}


def put_back(portal: Portal, picture: dict[str, object]) -> None:
    """Let an account hold what it held when the picture was taken."""
    for name, held in picture.items():
        setattr(portal, name, held)


def copy_into(target: Portal, source: Portal, *, without: str) -> None:
    """Let *target* hold what *source* holds, but for properties whose names begin with *without*."""
    put_back(target, taken(source))
    target.currency, target.time_zone = source.currency, source.time_zone
    target.service_hub = source.service_hub
    target.definitions = {
        kind: {
            name: copy.deepcopy(definition)
            for name, definition in definitions.items()
            if not name.startswith(without)
        }
        for kind, definitions in source.definitions.items()
    }
    for record in _records(target):
        for name in [name for name in record.history if name.startswith(without)]:
            del record.history[name]
            record.values.pop(name, None)


def _records(portal: Portal) -> Iterator[Record]:
    for store in (portal.records, portal.bin, portal.retired):
        for records in store.values():
            yield from records.values()
