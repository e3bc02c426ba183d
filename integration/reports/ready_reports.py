"""Ready reports: what a marketer asks first, there from the install on and the same everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from mappings.records import report_view
from mappings.records.report_view import ReportView


@dataclass(frozen=True, slots=True)
class ReadyReport:
    """A report that comes with the app: its name, what it answers, and its address."""

    key: str
    name: str
    answers: str
    address: str

    @property
    def view(self) -> ReportView:
        """What it shows."""
        return report_view.read(parse_qsl(self.address))


_ALL: Final = (
    ReadyReport(
        "revenue-by-month",
        "Second-order revenue by month",
        "How much of what was won came because of customers, and from which source.",
        "measure=booked&by=month&by=source&period=last_12_months",
    ),
    ReadyReport(
        "referrals-by-month",
        "Referral-sourced deals by month",
        "How many won deals rest on a referral, and what they brought.",
        "measure=booked&measure=deals&by=month&source=referral&period=last_12_months",
    ),
    ReadyReport(
        "moved-champions",
        "Moved champions by new company",
        "Which companies bought after a champion of ours had joined them.",
        "measure=booked&measure=deals&by=company&source=moved_champion&period=last_12_months",
    ),
    ReadyReport(
        "advocates",
        "Advocates by what they led to",
        "Whose moves and recommendations led to won deals.",
        "measure=booked&measure=deals&by=advocate&period=last_12_months",
    ),
    ReadyReport(
        "customers",
        "Customers by what they led to",
        "Which customers are worth more than they pay.",
        "measure=booked&measure=deals&by=credited&period=last_12_months",
    ),
    ReadyReport(
        "owners",
        "Second-order revenue by deal owner",
        "Whose deals rest on customers, and how much of what each won.",
        "measure=booked&measure=won&measure=deals&by=owner&period=this_quarter",
    ),
    ReadyReport(
        "quarters-compared",
        "This quarter beside the one before",
        "What came from each source in this quarter, and in as many days of the last.",
        "measure=booked&by=source&period=this_quarter&compare=before",
    ),
    ReadyReport(
        "first-and-second-order",
        "First- and second-order revenue by quarter",
        "What marketing and selling brought, and what customers led to.",
        "measure=booked&measure=first_order&measure=won&by=quarter&period=all",
    ),
)
READY: Final[Mapping[str, ReadyReport]] = MappingProxyType({ready.key: ready for ready in _ALL})
"""By their key, in the order in which they are listed."""
