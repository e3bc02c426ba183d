"""Moments in bodies from outside: ISO 8601 or milliseconds since 1970."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields


class When(fields.Field[datetime]):
    """ISO 8601 with a zone (without one: UTC), or milliseconds since 1970."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> datetime:
        del attr, data, kwargs
        try:
            if isinstance(value, int) and not isinstance(value, bool):
                return datetime.fromtimestamp(value / 1000, UTC)
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, OSError):
            raise ValidationError("is no time: send ISO 8601, or milliseconds since 1970") from None
