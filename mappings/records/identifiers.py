"""Ids of records and portals: one reading of what is an id, whoever wrote it."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields

LARGEST: Final = (1 << 63) - 1
_MOST_DIGITS: Final = len(str(LARGEST))


def read(value: object) -> int | None:
    """Return an id that is a positive 64-bit number or its digits; None for anything else.

    A boolean, a fraction, 12.0, " 12 ", "+12", "1_2" and digits of other scripts are no ids.
    """
    if isinstance(value, str):
        is_number = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        value = int(value) if is_number else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 1 <= value <= LARGEST else None


def required(value: object) -> int:
    """Return an id; raises ValueError for what is none."""
    record_id = read(value)
    if record_id is None:
        raise ValueError("not an id")
    return record_id


class Id(fields.Integer):
    """An id in a body from outside, written as number or digits."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> int:
        del attr, data, kwargs
        record_id = read(value)
        if record_id is None:
            raise ValidationError("is not an id")
        return record_id
