"""Two portals whose mirrors are written by hand, and conclude run over them until nothing is due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integration.conclude import stages
from integration.core.forget_keys import ForgetKeys
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Database
from integration.storage.findings import conclusion_rows
from integration.storage.mirror import mirror
from integration.storage.queue import recompute
from integration.storage.service import portals, settings_versions
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.rows import Link
from tests.kept import Kept

HARBOR, ORCHARD = 4711, 4712
KEYS = ForgetKeys.of((), "a secret that is long enough for anything")
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
WORDS = PortalMap(
    home_currency="USD",
    referred_by_labels=("referred by",),
    role_labels=(("Champion", "champion"),),
    texts={
        "referred_by_property": ("referred_by",),
        "heard_from_property": ("heard_from",),
        "referral_code_property": ("code_used",),
        "own_code_property": ("own_code",),
    },
)


def day(before_now: float) -> datetime:
    """A moment so many days before now."""
    return NOW - timedelta(days=before_now)


@dataclass
class Clock:
    """As much of a runtime as conclude needs: the rows and the time."""

    database: Database
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class MirrorPortal(Kept):
    """One portal: write what its CRM says, conclude, read what we would tell it."""

    clock: Clock
    portal_id: int
    queries: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.clock.database

    @property
    def context(self) -> PortalContext:
        return PortalContext(self.clock, self.portal_id)  # type: ignore[arg-type]  # the rest of a runtime is not used

    def install(self, words: PortalMap = WORDS, policy: Mapping[str, Any] | None = None) -> None:
        with self.clock.database.service() as tx:
            portals.install(tx, self.portal_id, scopes=["oauth"], account={}, user_id=None)
        with self.clock.database.portal(self.portal_id) as tx:
            body = {"map": dump_portal_map(words), "policy": dict(policy or {})}
            settings_versions.append(tx, body, author="test", reason="test")

    def imported(self) -> None:
        with self.clock.database.service() as tx:
            portals.stamp(tx, self.portal_id, "imported_at")

    def put(
        self,
        kind: str,
        record_id: int,
        *,
        created: datetime | None = None,
        **properties: Any,  # noqa: ANN401
    ) -> None:
        """Store a record; a property given as a list of (days before now, value) has a history."""
        history, current = {}, {}
        for name, value in properties.items():
            if isinstance(value, list):
                told = [
                    {"value": text, "timestamp": day(days).isoformat(), "sourceType": "CRM_UI"}
                    for days, text in value
                ]
                history[name], current[name] = list(reversed(told)), value[-1][1]
            else:
                current[name] = str(value)
        with self.clock.database.portal(self.portal_id) as tx:
            row = mirror.MirroredRecord(
                kind, record_id, current, history, created or day(1000), NOW
            )
            mirror.store(tx, [row])
            invalidation.record(tx, Change.RECORD_CHANGED, records={(kind, record_id)})
        # In HubSpot the property is the primary link's other face.
        if kind == "contact" and current.get("associatedcompanyid"):
            self.link(
                "contact", record_id, "company", int(current["associatedcompanyid"]), type_id=1
            )

    def change(self, kind: str, record_id: int, **properties: Any) -> None:  # noqa: ANN401 - text, number or history
        """Change some values of a record that is there."""
        with self.clock.database.portal(self.portal_id) as tx:
            old = mirror.load(tx, kind, [record_id])[record_id]
            told = {**old.properties, **{name: str(value) for name, value in properties.items()}}
            mirror.store(
                tx, [mirror.MirroredRecord(kind, record_id, told, old.history, old.created_at, NOW)]
            )
            invalidation.record(tx, Change.RECORD_CHANGED, records={(kind, record_id)})

    def link(
        self,
        one: str,
        one_id: int,
        other: str,
        other_id: int,
        label: str | None = None,
        *,
        type_id: int = 3,
    ) -> None:
        with self.clock.database.portal(self.portal_id) as tx:
            category = "USER_DEFINED" if label else "HUBSPOT_DEFINED"
            mirror.add_links(tx, [Link(one, one_id, other, other_id, type_id, category, label)])
            invalidation.record(
                tx, Change.RECORD_CHANGED, records={(one, one_id), (other, other_id)}
            )

    def company(self, record_id: int, name: str, domain: str) -> int:
        self.put("company", record_id, name=name, domain=domain)
        return record_id

    def contact(self, record_id: int, company_id: int, **properties: Any) -> int:  # noqa: ANN401 - text, number or history
        self.put("contact", record_id, associatedcompanyid=company_id, **properties)
        self.link("contact", record_id, "company", company_id, type_id=1)
        return record_id

    def deal(
        self,
        record_id: int,
        company_id: int,
        *contacts: int,
        created: float,
        **properties: Any,  # noqa: ANN401
    ) -> int:
        """A deal; `won` is (days before now, amount)."""
        won = properties.pop("won", None)
        told = {"dealname": f"deal {record_id}", "deal_currency_code": "USD", **properties}
        if won is not None:
            told |= closed_won(*won)
        self.put(
            "deal", record_id, created=day(created), createdate=day(created).isoformat(), **told
        )
        self.link("deal", record_id, "company", company_id, type_id=5)
        for contact in contacts:
            self.link("deal", record_id, "contact", contact)
        return record_id

    def retire(self, kind: str, *record_ids: int, why: str = "deleted") -> None:
        with self.clock.database.portal(self.portal_id) as tx:
            changed = refs(kind, record_ids) | mirror.retire(tx, kind, record_ids, why)
            invalidation.record(tx, Change.RECORD_CHANGED, records=changed)

    def merge(self, kind: str, olds: tuple[int, ...], new: int) -> None:
        """As sync follows a merge: aliases, the old ones retired, their links moved, everybody near marked."""
        with self.clock.database.portal(self.portal_id) as tx:
            mirror.alias(tx, kind, olds, new, at=NOW)
            mirror.retire(tx, kind, [one for one in olds if one != new], "merged")
            invalidation.record(tx, Change.RECORDS_MERGED, records=refs(kind, olds))
            mirror.relink(tx, kind, olds, new)

    def settle(self, *, limit: int | None = None) -> int:
        """Conclude until nothing is due; return how many steps it took."""
        for count in range(500):
            if not stages.conclude_page(self.context, None, limit=limit):
                return count
        raise AssertionError("concluding does not come to an end")

    def said(self, kind: str, record_id: int) -> dict[str, str]:
        """What we want the record to say."""
        with self.clock.database.portal(self.portal_id) as tx:
            found = conclusion_rows.load(tx, kind, [record_id]).get(record_id)
            return dict(found["desired"]) if found else {}

    def patches(self) -> dict[tuple[str, int], dict[str, str]]:
        return {
            (row["object_type"], row["record_id"]): dict(row["patch"])
            for row in self.kept("outbox")
        }

    def written(self) -> None:
        """As writeback leaves it: HubSpot took every patch, and its echo is in the mirror."""
        with self.clock.database.portal(self.portal_id) as tx:
            for (kind, record_id), patch in self.patches().items():
                mirror.overlay(tx, kind, {record_id: patch})
                invalidation.record(tx, Change.RECORD_CHANGED, records={(kind, record_id)})
            tx.run("DELETE FROM outbox")

    def counts(self) -> dict[str, int]:
        with self.clock.database.portal(self.portal_id) as tx:
            return recompute.counts(tx)


def closed_won(days: float, amount: str) -> dict[str, str]:
    """What a won deal's properties say."""
    return {
        "hs_is_closed_won": "true",
        "hs_is_closed": "true",
        "closedate": day(days).isoformat(),
        "amount": amount,
    }


REOPENED = {"hs_is_closed_won": "false", "hs_is_closed": "false"}


def moved_champion(portal: MirrorPortal, *, amount: str = "40000.00") -> None:
    """Priya (12) bought at Acme (1), went to Zenit (2) and is on its deal 9 from the first day."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(
        12,
        2,
        firstname="Priya",
        lastname="Raman",
        email=[(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")],
    )
    portal.deal(5, 1, 12, created=800, won=(700, "10000.00"))
    portal.deal(9, 2, 12, created=60, won=(20, amount))
