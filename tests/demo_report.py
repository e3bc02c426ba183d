"""What the demo prints: what was imported, what it cost, what was found, and how right that is."""

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from integration.reports import total_words
from mappings import formats
from mappings.kinds import SourceKind
from mappings.records import activity_records
from mappings.records.access import readable_types
from mappings.records.what_is_read import ASSOCIATIONS
from tests.contract import mirror_town
from tests.sandbox import truth
from tests.sandbox.crm import HubSpot, Portal
from tests.sandbox.records import Record
from tests.sandbox.town import Loaded
from tests.sandbox.truth import Score
from tests.world import HARBOR

PLURALS = {"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets"}
WINDOW = 10.0


class Commands(Protocol):
    """What the report asks of the service."""

    url: str

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON is any
        """Run a command that prints JSON."""

    def module(self, name: str, *arguments: str) -> str:
        """Run a module in the service's environment and return what it prints."""


@dataclass
class Report:
    """Measures the enrichment of harbor and prints it."""

    hubspot: HubSpot
    loaded: Loaded
    app: Commands
    sandbox_url: str
    settings: dict[str, str]
    began: float = 0.0
    seconds: float = 0.0
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def harbor(self) -> Portal:
        return self.hubspot.portals[HARBOR]

    def begin(self) -> None:
        """Start the clock."""
        self.began = time.monotonic()

    def end(self) -> None:
        """Stop the clock and ask the service what it did."""
        self.seconds = time.monotonic() - self.began
        self.status = self.app.json("status", str(HARBOR))

    def is_enriched(self) -> bool:
        """Whether the fields are there, read back from the CRM, and add up to the total."""
        written = truth.from_portal(self.harbor)
        deals = len(self.harbor.all("deal"))
        derived = sum(tag not in {"", "none"} for tag in written.tags.values())
        is_written = len(written.tags) == deals and derived > 0 and bool(written.moved_from)
        return is_written and self.in_fields() == Decimal(self.total["second_order"])

    @property
    def total(self) -> dict[str, Any]:
        """The one total as the service tells it."""
        found: dict[str, Any] = self.status["found"]["total"]
        return found

    def in_fields(self) -> Decimal:
        """The same as a report over the CRM's deals adds it up."""
        amounts = (deal.get("second_order_amount_home") for deal in self.harbor.all("deal"))
        return sum((Decimal(amount) for amount in amounts if amount), Decimal(0))

    def print(self, out: Console) -> None:
        """Print everything."""
        out.print(f"\nEnriched in [bold]{self.seconds:.1f} s[/bold]: {self.imported()}.")
        self._calls(out)
        self._found(out)
        self._health(out)
        self._accuracy(out)
        self._pages(out)

    @property
    def calls(self) -> tuple[int, int]:
        """How many calls were made, and the fewest that there could be."""
        made = sum(row["calls"] for row in self.status["calls"])
        return made, sum((minimum(self.harbor) | self._asked()).values())

    @property
    def share_of_waiting(self) -> float:
        """The part of the time that the allowance alone asks for."""
        return min(1.0, self.calls[0] / (100 / WINDOW) / self.seconds)

    def moves(self) -> Score:
        """The automatic job changes against the town's truth."""
        moves = [
            (move["former_contact_id"], move["new_contact_id"], move["confidence"])
            for move in self.status["found"]["moves"]
            if move["status"] == "auto"
        ]
        return truth.score_moves(self.loaded.truths[HARBOR], moves)

    def tags(self) -> dict[str, Score]:
        """The deals' tags against the town's truth, by kind."""
        written = truth.from_portal(self.harbor)
        return truth.score_tags(self.loaded.truths[HARBOR], written.tags)

    def imported(self) -> str:
        """How many records of each type were read, in words."""
        records: dict[str, int] = self.status["found"]["records"]
        return ", ".join(
            f"{n:,} {PLURALS.get(kind, kind.replace('_', ' ') + 's')}"
            for kind, n in records.items()
        )

    def _calls(self, out: Console) -> None:
        made = Counter({row["route"]: row["calls"] for row in self.status["calls"]})
        least = minimum(self.harbor) | self._asked()
        table = Table("HubSpot calls", "made", "minimum", title="", show_header=True)
        for route in sorted(made.keys() | least.keys()):
            table.add_row(route, str(made[route]), str(least.get(route, "-")))
        total, possible = self.calls
        table.add_row("all", str(total), f"{possible}", style="bold")
        out.print(table)
        allowance = self.harbor.allowance
        waited = total / (100 / WINDOW)
        out.print(
            f"API calls: {total} against a minimum of {possible}; busiest ten seconds {allowance.peak} of"
            f" {allowance.limit} allowed, {self.harbor.refused} refused. The allowance alone asks for {waited:.0f} s:"
            f" [bold]{self.share_of_waiting:.0%}[/bold] of the time was waiting for it."
        )

    def _asked(self) -> dict[str, int]:
        """Where the admin was asked who is a customer: the stage's history of each company there."""
        if not any(row["route"] == "objects.read" for row in self.status["calls"]):
            return {}
        staged = [
            company
            for company in self.harbor.all("company")
            if company.get("lifecyclestage") == "customer"
        ]
        return {"objects.read": math.ceil(len(staged) / 50)}

    def _found(self, out: Console) -> None:
        found = self.status["found"]
        out.print(
            f"\nDeals by source: {', '.join(f'{kind} {n}' for kind, n in found['deals_by_source'].items())}"
        )
        out.print()
        for line in total_words.lines(self.total):
            out.print(line)
        in_fields = formats.amount(self.in_fields(), self.total["currency"])
        out.print(f"A report over HubSpot's own deals adds up to {in_fields}.")
        for title, rows in (("People", found["people"]), ("Companies", found["companies"])):
            table = Table(
                f"{title} with most second-order revenue",
                "booked",
                "deals",
                "because",
                show_lines=True,
            )
            for row in rows:
                because = "\n".join(f"{why['deal']}: {why['said']}" for why in row["because"][:1])
                booked = formats.amount(row["revenue"], self.total["currency"])
                table.add_row(str(row["name"]), booked, str(row["deals"]), because)
            out.print(table)

    def _health(self, out: Console) -> None:
        out.print()
        out.print(self.app.module("tests.health_outlook", str(HARBOR)).rstrip())

    def _accuracy(self, out: Console) -> None:
        out.print(f"\nMoves against the town's truth: {self.moves()}")
        for kind, score in self.tags().items():
            out.print(f"Deal tags, {kind}: {score}")

    def best_deal_address(self) -> str:
        """Where HubSpot's users see the won deal with which a moved champion brought most."""
        return f"{self.sandbox_url}/contacts/{HARBOR}/record/0-3/{self.best_deal()}"

    def best_deal(self) -> int:
        """The won deal with which a moved champion brought most."""
        return self._best().id

    def best_champion(self) -> int:
        """The moved champion of that deal."""
        _, _, number = (self._best().get("second_order_source_record") or "").partition(":")
        return int(number)

    def _best(self) -> Record:
        moved = [
            deal
            for deal in self.harbor.all("deal")
            if deal.get("second_order_source") == SourceKind.MOVED_CHAMPION
        ]
        return max(moved, key=lambda deal: float(deal.get("second_order_amount_home") or 0))

    def _pages(self, out: Console) -> None:
        out.print("\nPages to open:")
        out.print(
            f"  {self.app.url}/portals/{HARBOR}/   what was found, sync health, settings (sign in with the sandbox)"
        )
        deal = max(
            self.harbor.all("deal"), key=lambda one: float(one.get("second_order_amount") or 0)
        )
        out.print(
            f"  {self.app.url}/portals/{HARBOR}/deal/{deal.id}   a deal with every reason and ledger row"
        )
        out.print(
            f"  {self.sandbox_url}/contacts/{HARBOR}/record/0-3/{deal.id}   the same deal as HubSpot's users see it"
        )


def has_history(portal: Portal, kind: str) -> bool:
    """Whether a type is read with earlier values: then HubSpot gives half pages."""
    return bool(mirror_town.portal_map(portal).history_properties(kind))


def minimum(portal: Portal) -> dict[str, int]:
    """The fewest calls that page and batch sizes allow, by route."""
    types = readable_types(frozenset(portal_scopes(portal)))
    counts = {kind: len(portal.all(kind)) for kind in types}
    pages = sum(
        math.ceil(max(1, n) / (50 if has_history(portal, kind) else 100))
        for kind, n in counts.items()
    )
    pages += sum(math.ceil(max(1, len(portal.all(kind))) / 100) for kind in activity_records.TYPES)
    pairs = [(a, b) for a, b in ASSOCIATIONS if a in types and b in types]
    links = sum(math.ceil(counts[a] / 1000) for a, _ in pairs)
    written = {
        kind: sum(bool(record.get("second_order_updated_at")) for record in portal.all(kind))
        for kind in ("contact", "company", "deal")
    }
    return {
        "objects.page": pages,
        "associations.read": links,
        "objects.update": sum(math.ceil(n / 100) for n in written.values()),
    }


def portal_scopes(portal: Portal) -> set[str]:
    """The optional scopes this portal can grant."""
    scopes = {"tickets", "crm.objects.owners.read"}
    return scopes | {"crm.objects.feedback_submissions.read"} if portal.service_hub else scopes
