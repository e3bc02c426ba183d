"""The customer rule: whether won deals or a lifecycle stage say who is a customer here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mappings.rules.facts import Version
from mappings.rules.text.field_words import says

# HubSpot's own name of the stage, whatever its label.
STAGE: Final = "customer"
# A stage that fewer companies stand in, and a smaller share of all, is not used as a rule.
_IN_USE_COMPANIES, _IN_USE_PERCENT = 20, 5
# So many companies at the stage may have no won deal before the two rules disagree.
_AGREE_BELOW_PERCENT = 10
# Nobody moves so many companies in a minute by hand.
_BULK_IN_A_MINUTE: Final = 10
# HubSpot's words for an edit of many records at once; an import sets what a list said.
_BULK_SOURCES: Final = frozenset({"IMPORT", "CRM_UI_BULK_ACTION", "BATCH_UPDATE"})


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many companies there are, are customers by stage, by a won deal, and by both."""

    companies: int
    by_stage: int
    by_deals: int
    by_both: int

    @property
    def only_by_stage(self) -> int:
        """Companies at the stage that never bought."""
        return self.by_stage - self.by_both

    @property
    def is_stage_in_use(self) -> bool:
        """Whether so many companies stand in the stage that somebody must mean it."""
        if not self.by_stage:
            return False
        is_usual = self.by_stage * 100 >= self.companies * _IN_USE_PERCENT
        return self.by_stage >= _IN_USE_COMPANIES or is_usual

    @property
    def is_disputed(self) -> bool:
        """Whether stage and won deals disagree so much that somebody must say which counts."""
        percent_of_stage = self.by_stage * _AGREE_BELOW_PERCENT
        return self.is_stage_in_use and self.only_by_stage * 100 >= percent_of_stage


@dataclass(frozen=True, slots=True)
class StageDates:
    """How companies came to the stage, as far as their histories were read.

    `in_bulk` were set with many others at once. `undated` have no date, or one after the install.
    The others reached the stage one by one, and their dates can be believed.
    """

    companies: int
    in_bulk: int
    undated: int

    @property
    def are_believed(self) -> bool:
        """Whether most companies have a date that says when they became customers."""
        return 2 * (self.in_bulk + self.undated) <= self.companies


def customer_stage(companies: Mapping[str, int], labels: Mapping[str, str]) -> str:
    """The lifecycle stage of customers: HubSpot's own, or one that is called so in any language.

    *companies* are counted by stage. Of several the one with most companies counts; without any,
    HubSpot's own is named, in which nobody stands.
    """
    if companies.get(STAGE):
        return STAGE
    called_so = [stage for stage in companies if says("says customer", labels.get(stage, ""))]
    return max(called_so, key=lambda stage: (companies[stage], stage), default=STAGE)


def stage_dates(
    histories: Sequence[Sequence[Version]], stage: str, installed_at: datetime
) -> StageDates:
    """Judge the dates at which companies reached *stage*, from the history of each."""
    reached = [_reached(versions, stage, installed_at) for versions in histories]
    dated = [version for version in reached if version is not None]
    crowds = Counter(_minute(version.at) for version in dated)
    in_bulk = [
        version
        for version in dated
        if version.source_type in _BULK_SOURCES or crowds[_minute(version.at)] >= _BULK_IN_A_MINUTE
    ]
    return StageDates(len(histories), len(in_bulk), len(histories) - len(dated))


def _reached(versions: Iterable[Version], stage: str, installed_at: datetime) -> Version | None:
    """The first time in the stage; None without one before the install."""
    for version in versions:
        if version.value.strip() == stage:
            return version if version.at < installed_at else None
    return None


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
