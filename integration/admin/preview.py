"""Preview: what other settings would change, by the same rules on the same mirror, without writing.

Everything is concluded by them on copies (:mod:`integration.storage.trial`), a page at a time. Of a
portal too large for the time there is, deals are looked at in a shuffled order until it is over,
each with all it rests on: the figures then are those of the deals that were looked at.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from integration.admin import overwriting, settings_effects
from integration.conclude import stages
from integration.core.errors import Refused
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import known_ids, refs
from integration.portal.settings import Difference, PolicyValue, PortalSettings
from integration.storage import trial
from integration.storage.database import Transaction
from integration.storage.findings import move_rows, person_rows
from integration.storage.ledger import period_rows, trial_rows
from integration.storage.ledger.trial_rows import DealIds
from integration.storage.mirror import deal_rows, mirror
from integration.storage.queue import recompute
from integration.storage.queue.recompute import Due, Stage
from integration.storage.service import portals, settings_hold_rows
from integration.storage.service.settings_hold_rows import Overwriting
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.rules.ledger import money
from mappings.rules.text.names import spoken

_DEALS_AT_A_TIME = 50
_SAMPLE = 20
_AUTHOR = "preview"
_SHOWN = ("source", "share", "amount", "because")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a preview may take: a portal of so many records as a whole, else so many seconds."""

    records_at_once: int
    seconds: float


PATIENT: Final = Patience(records_at_once=50_000, seconds=60)
HURRIED: Final = Patience(records_at_once=3_000, seconds=8)


@dataclass(frozen=True, slots=True)
class Preview:
    """What settings would change. Figures are of `looked_at` of all `deals`.

    `not_seen` are settings that name what was not read from HubSpot yet: they are left out.
    `judges_history`: deals won long ago follow. `booked_*` is second-order revenue by month in the
    home currency's minor units. `overwriting` is None below the number that is worth asking about.
    """

    version: int
    changes: Sequence[Difference]
    not_seen: Sequence[str]
    judges_history: bool
    deals: int
    looked_at: int
    home: str
    sources_before: Mapping[str, int]
    sources_after: Mapping[str, int]
    booked_before: Mapping[str, int]
    booked_after: Mapping[str, int]
    records_to_write: Mapping[str, int]
    overwriting: Overwriting | None
    sample: Sequence[Json]

    @property
    def is_whole(self) -> bool:
        """Whether all deals were looked at."""
        return self.looked_at == self.deals

    @property
    def is_held(self) -> bool:
        """Whether the change would wait until somebody confirms it."""
        return self.overwriting is not None and overwriting.is_much(self.overwriting)


def preview(
    portal: PortalContext,
    *,
    portal_map: PortalMap | None = None,
    policy: Mapping[str, PolicyValue | None] | None = None,
    judges_history: bool = False,
    expected_version: int | None = None,
    patience: Patience = PATIENT,
) -> Preview:
    """Say what these settings would change; *judges_history* although months are closed.

    Raises Refused while there is nothing to compare with, and ChangedMeanwhile as saving would.
    """
    with portal.transaction() as tx:
        _check_ready(tx)
        now = settings.read(tx)
        seen, not_seen = _seen_part(now.map, portal_map or now.map)
        follows = judges_history or not settings_effects.has_closed_month(tx, portal, now)
        with trial.rolled_back(tx):
            saved = settings.change(
                tx,
                expected_version=expected_version,
                author=_AUTHOR,
                reason=_AUTHOR,
                portal_map=seen,
                policy=policy,
            )
            later, at = saved.after, portal.runtime.now()
            if follows and (saved.is_changed or judges_history):
                period_rows.judge_history(tx, later.version, actor=_AUTHOR, reason=_AUTHOR, at=at)
            deals = trial_rows.deals_in_turn(tx)
            looked_at = _conclude(tx, at, deals, patience)
            return _outcome(tx, now, later, deals, looked_at, not_seen, follows=follows)


def _check_ready(tx: Transaction) -> None:
    account = portals.find(tx, tx.portal_id)
    if account is None or account.imported_at is None:
        raise Refused("The first import is not through yet: there is nothing to compare with")
    if not trial.take_turn(tx):
        raise Refused("A preview of this account is being worked out already; try again shortly")


def _seen_part(before: PortalMap, wanted: PortalMap) -> tuple[PortalMap, list[str]]:
    """The wanted map as far as the mirror has what it names, and the settings left out."""
    if not settings_effects.read_otherwise(before, wanted):
        return wanted, []
    values, left_out = dump_portal_map(before), list[str]()
    for name, value in dump_portal_map(wanted).items():
        with_it = {**values, name: value}
        if settings_effects.read_otherwise(before, load_portal_map(with_it)):
            left_out.append(name)
        else:
            values = with_it
    return load_portal_map(values), left_out


def _conclude(
    tx: Transaction, now: datetime, deals: Sequence[int], patience: Patience
) -> Sequence[int]:
    """Conclude all, or as many deals as there is time for; return those that were concluded."""
    if sum(mirror.count(tx).values()) <= patience.records_at_once:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        conclude_all(tx, now)
        return deals
    return _conclude_some(tx, now, deals, time.monotonic() + patience.seconds)


def _conclude_some(
    tx: Transaction, now: datetime, deals: Sequence[int], end: float
) -> Sequence[int]:
    """Conclude the first deals for certain, and further ones until the time is over."""
    looked_at: list[int] = []
    for some in _chunks(deals):
        _ask_for(tx, some)
        if not conclude_all(tx, now, until=end if looked_at else None):
            break
        looked_at += some
        if time.monotonic() >= end:
            break
    return looked_at


def conclude_all(tx: Transaction, now: datetime, *, until: float | None = None) -> bool:
    """Conclude whatever is due in a trial; False where time was over before."""
    while stages.conclude_within(tx, now):
        if until is not None and time.monotonic() >= until:
            return False
    return True


def _chunks(deals: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(deals), _DEALS_AT_A_TIME):
        yield deals[start : start + _DEALS_AT_A_TIME]


def _ask_for(tx: Transaction, deal_ids: Sequence[int]) -> None:
    """Queue deals with the people on them, and the companies and deals these come from."""
    links = mirror.links_from(tx, ObjectType.DEAL, deal_ids, ObjectType.CONTACT, ObjectType.COMPANY)
    contacts = {link.to_id for link in links if link.to_type == ObjectType.CONTACT}
    companies = {link.to_id for link in links if link.to_type == ObjectType.COMPANY}
    persons = set(person_rows.persons_of(tx, contacts).values())
    moves = move_rows.of_persons(tx, sorted(persons)) if persons else ()
    companies |= known_ids(row["former_company_id"] for row in moves)
    rows = chain.from_iterable(deal_rows.of_companies(tx, companies).values())
    near = {row["deal_id"] for row in rows}
    due = Due()
    due.ask(Stage.PEOPLE, refs(ObjectType.COMPANY, companies))
    due.ask(Stage.PEOPLE, refs(ObjectType.CONTACT, contacts))
    due.ask(Stage.PEOPLE, refs(ObjectType.DEAL, near.union(deal_ids)))
    recompute.add(tx, due)


def _outcome(
    tx: Transaction,
    now: PortalSettings,
    later: PortalSettings,
    deals: Sequence[int],
    looked_at: Sequence[int],
    not_seen: Sequence[str],
    *,
    follows: bool,
) -> Preview:
    part: DealIds = None if len(looked_at) == len(deals) else looked_at
    home, calendar = later.map.home_currency, period_rows.read(tx).calendar
    return Preview(
        version=now.version,
        changes=settings.differences(now, later),
        not_seen=not_seen,
        judges_history=follows,
        deals=len(deals),
        looked_at=len(looked_at),
        home=home,
        sources_before=trial_rows.deals_by_source(tx, part, kept=True),
        sources_after=trial_rows.deals_by_source(tx, part, kept=False),
        booked_before=trial_rows.booked_by_month(tx, part, home, calendar, kept=True),
        booked_after=trial_rows.booked_by_month(tx, part, home, calendar, kept=False),
        records_to_write=trial_rows.patches_by_type(tx, part),
        overwriting=settings_hold_rows.count_overwriting(tx, least=overwriting.LEAST),
        sample=[_sampled(row) for row in trial_rows.changed_deals(tx, part, limit=_SAMPLE)],
    )


def _sampled(row: Mapping[str, Any]) -> Json:
    return {
        "deal_id": row["deal_id"],
        "name": spoken(row["name"] or ""),
        "currency": row["currency"] or "",
        "before": _shown(row["before"]),
        "after": _shown(row["after"]),
    }


def _shown(desired: Mapping[str, str] | None) -> dict[str, str]:
    fields = desired or {}
    return {name: str(fields.get(f"second_order_{name}") or "") for name in _SHOWN}


def as_json(found: Preview) -> Json:
    """Return a preview for scripts, with amounts in major units."""
    return {
        "settings_version": found.version,
        "changes": [asdict(change) for change in found.changes],
        "not_read_yet": list(found.not_seen),
        "judges_history": found.judges_history,
        "deals": found.deals,
        "deals_looked_at": found.looked_at,
        "home_currency": found.home,
        "deals_by_source": {"before": found.sources_before, "after": found.sources_after},
        "booked_by_month": {
            "before": _major(found.booked_before, found.home),
            "after": _major(found.booked_after, found.home),
        },
        "records_to_write": dict(found.records_to_write),
        "values": _values(found.overwriting),
        "held_until_confirmed": found.is_held,
        "sample": list(found.sample),
    }


def _major(booked: Mapping[str, int], home: str) -> dict[str, str]:
    return {month: money.major(minor, home) for month, minor in booked.items()}


def _values(found: Overwriting | None) -> Json | None:
    if found is None:
        return None
    return {"altered": found.altered, "cleared": found.cleared, "written": found.written}
