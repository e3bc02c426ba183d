"""Plain JSON values from what rows and JSON columns hold."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def plain_dict(values: Mapping[str, Any]) -> Json:
    """Return *values* with ISO dates, whole decimals as integers, and other decimals as text."""
    return {str(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything a row or a JSON column holds
    if isinstance(value, Mapping):
        return plain_dict(value)
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
