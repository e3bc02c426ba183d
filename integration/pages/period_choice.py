"""The choice of a period: how an address says it, and what people call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from integration.core.errors import Refused
from integration.pages import figures
from integration.pages.texts import gettext as _
from integration.pages.texts import translated
from mappings.kinds import Preset
from mappings.rules.ledger import report_period
from mappings.rules.ledger.report_period import Period

_PRESETS = {preset.value: preset for preset in Preset}


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """A period as it was chosen: by the name of a preset, or by its days (`preset` is empty)."""

    period: Period
    preset: str = ""

    @property
    def address(self) -> dict[str, str]:
        """The same for another address."""
        return {"period": self.preset} if self.preset else days(self.period)


def read(arguments: Mapping[str, str], today: date, *, usual: Preset) -> PeriodChoice:
    """Read what an address says; raise Refused with a sentence for what is no period.

    Days that are given count more than a name; without both it is the *usual* period.
    """
    first, last = arguments.get("from", "").strip(), arguments.get("to", "").strip()
    if first or last:
        return PeriodChoice(_between(_day(first), _day(last)))
    name = arguments.get("period", "").strip() or usual.value
    if name not in _PRESETS:
        raise Refused(
            f"“{name[:50]}” is no period. There are {', '.join(_PRESETS)}, and days by from and to"
        )
    return PeriodChoice(report_period.preset(_PRESETS[name], today), name)


def _between(first: date | None, last: date | None) -> Period:
    try:
        return report_period.between(first, last)
    except ValueError as error:
        raise Refused(str(error)) from error


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"“{text[:50]}” is no day: write 2026-05-31") from None


def days(period: Period) -> dict[str, str]:
    """The days of a period as an address says them."""
    ends = {"from": period.first, "to": period.last}
    return {name: str(day) for name, day in ends.items() if day is not None}


def in_words(period: Period) -> str:
    """What people call a period: May 2026, 2026, or from a day to a day."""
    if period.is_all:
        return _("all time")
    if period.first is None:
        return _("until %(day)s", day=figures.day(period.last))
    if period.last is None:
        return _("from %(day)s on", day=figures.day(period.first))
    if period.month is not None:
        return figures.month(period.month)
    if period.months == 12 and period.first.month == 1:  # noqa: PLR2004 - a year
        return str(period.first.year)
    return _(
        "%(first)s to %(last)s", first=figures.day(period.first), last=figures.day(period.last)
    )


def presets() -> list[tuple[str, str]]:
    """The names that can be chosen, and what people read for them."""
    return [(preset.value, translated(preset.label)) for preset in Preset]
