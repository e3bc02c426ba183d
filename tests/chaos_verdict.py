"""What must hold after the storm, counted exactly; every broken promise is one sentence."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.core.errors import SecondOrderError
from integration.portal.context import PortalContext
from integration.storage.queue import inbox_events
from integration.storage.service import portal_status
from mappings.records import access, what_is_read
from tests import chaos_clean
from tests.chaos_clean import Booked, Fields
from tests.chaos_senders import Ledger, Senders
from tests.chaos_service import RATE_PER_10S, Service
from tests.sandbox.crm import HubSpot
from tests.world import Account, World

_MOST_SHOWN = 5
# What HubSpot answers beside the record's own values, or changes whenever we write.
_MOVING = frozenset({"hs_object_id", "lastmodifieddate", "hs_lastmodifieddate"})


@dataclass
class Verdict:
    """Figures, and what was broken."""

    figures: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


def waiting(world: World) -> dict[str, int]:
    """What still waits, over both portals."""
    total: dict[str, int] = {}
    for account in world.accounts:
        with world.runtime.database.portal(account.portal_id) as tx:
            for name, count in portal_status.counts(tx).items():
                total[name] = total.get(name, 0) + int(count or 0)
    with world.runtime.database.service() as tx:
        total["unaddressed"] = int(
            tx.value("SELECT count(*) FROM inbox WHERE portal_id IS NULL AND state = 'waiting'")
            or 0
        )
    return total


_OPEN = ("inbox", "events", "stale", "outbox", "importing", "unaddressed")


def settle(world: World, senders: Senders, seconds: float) -> tuple[float, dict[str, int]]:
    """Wait until nothing waits and nobody sends, twice in a row; return how long it took and what is left."""
    began = time.monotonic()
    calm, left = 0, {"unknown": 1}
    while time.monotonic() - began < seconds:
        time.sleep(0.25)
        with contextlib.suppress(SecondOrderError):
            found = waiting(world)
            left = {name: found[name] for name in _OPEN if found[name]}
            calm = calm + 1 if not left and senders.idle else 0
            if calm >= 4:
                return time.monotonic() - began, {}
    return time.monotonic() - began, left or {"undelivered": len(senders.hubspot.queue)}


def nothing_is_lost(verdict: Verdict, world: World, ledger: Ledger) -> None:
    """acknowledged less stored is nothing, and everything received is accounted for."""
    acked = stored = lost = set_aside = 0
    for account in world.accounts:
        keys = ledger.keys(account.portal_id)
        # What we ask ourselves to look at again is an event, too, and nobody sent it.
        found = set(account.values("event", "dedupe_key", source="hubspot"))
        acked, stored, lost = acked + len(keys), stored + len(found), lost + len(keys - found)
        verdict.must(
            not found - keys,
            f"portal {account.portal_id} stored {len(found - keys)} events nobody sent",
        )
        with world.runtime.database.portal(account.portal_id) as tx:
            each = inbox_events.identity(tx)
        parts = sum(count for name, count in each.items() if name != "received")
        verdict.must(
            each["received"] == parts,
            f"portal {account.portal_id} received {each['received']}, knows {each}",
        )
        verdict.must(
            each["waiting"] == 0, f"portal {account.portal_id}: {each['waiting']} events wait"
        )
        bad, ignored = (
            len(ledger.bad.get(account.portal_id, ())),
            len(ledger.ignored.get(account.portal_id, ())),
        )
        verdict.must(
            each["set_aside"] == bad,
            f"portal {account.portal_id}: {each['set_aside']} of {bad} set aside",
        )
        verdict.must(
            each["ignored"] == ignored,
            f"portal {account.portal_id}: {each['ignored']} of {ignored} ignored",
        )
        set_aside += each["set_aside"]
    left = waiting(world)
    verdict.must(lost == 0, f"{lost} acknowledged events are lost")
    verdict.must(
        left["set_aside"] == set_aside,
        f"set aside are {left['set_aside']} rows, {set_aside} of them events",
    )
    verdict.figures |= {
        "distinct events acknowledged": acked,
        "distinct events stored": stored,
        "lost": lost,
        "bad events set aside": set_aside,
    }


def the_mirror_is_right(verdict: Verdict, world: World) -> None:
    """Each living record of HubSpot stands in our mirror as it is, and no other lives there."""
    records = wrong = links = wrong_links = 0
    for account in world.accounts:
        with account.context() as context:
            installed = context.find()
            kinds = access.readable_types(installed.scopes) if installed else ()
            for kind in kinds:
                theirs, ours = _their_records(context, account, kind), _our_records(account, kind)
                records += len(theirs)
                wrong += len(chaos_clean.differences(ours, theirs))
            for pair in what_is_read.ASSOCIATIONS:
                if {*pair} <= {*kinds}:
                    linked, known = _their_links(account, *pair), _our_links(account, *pair)
                    links += len(linked)
                    wrong_links += len(linked ^ known)
    verdict.must(wrong == 0, f"{wrong} of {records} records differ from HubSpot's")
    verdict.must(wrong_links == 0, f"{wrong_links} links differ from HubSpot's {links}")
    verdict.figures |= {
        "records in the mirror": records,
        "records wrong": wrong,
        "links wrong": wrong_links,
    }


def all_is_as_in_a_clean_run(
    verdict: Verdict, service: Service, world: World, keep: Path | None = None
) -> None:
    """Every field of every record, and every sum of the ledger, is what a clean install leaves."""
    storm, clean = chaos_clean.compare(service, world, keep)
    fields = chaos_clean.differences(storm.fields, clean.fields)
    verdict.must(
        not fields,
        f"{len(fields)} records' fields differ from a clean run's:"
        f" {_shown_fields(fields, storm.fields, clean.fields)}",
    )
    sums = chaos_clean.differences(storm.booked, clean.booked)
    verdict.must(
        not sums,
        f"{len(sums)} sums of the ledger differ from a clean run's:"
        f" {_shown_sums(sums, storm.booked, clean.booked)}",
    )
    verdict.figures |= {
        "records with our fields": len(clean.fields),
        "of them wrong": len(fields),
        "sums of the ledger": len(clean.booked),
        "sums wrong": len(sums),
    }


def the_limits_were_kept(verdict: Verdict, hubspot: HubSpot, ledger: Ledger) -> None:
    """No portal's ten seconds saw more calls than allowed, and nobody was told to go away for good."""
    peak = max(portal.allowance.peak_tried for portal in hubspot.portals.values())
    verdict.must(peak <= RATE_PER_10S, f"{peak} calls in ten seconds, {RATE_PER_10S} are allowed")
    refused = {
        answer: count
        for answer, count in ledger.answers.items()
        if answer not in {"204", "503", "no answer"}
    }
    verdict.must(
        not refused, f"deliveries were answered {refused}: HubSpot would not send them again"
    )
    verdict.figures |= {"busiest ten seconds (calls)": peak, "answers": dict(ledger.answers)}


def _their_records(
    context: PortalContext, account: Account, kind: str
) -> dict[int, Mapping[str, str]]:
    from integration.ingest import fetching  # noqa: PLC0415 - what we read is what we compare

    asked, _ = fetching.properties_to_read(context, kind)
    names = [name for name in asked if name in account.crm.definitions[kind]]
    return {
        record.id: {
            name: value
            for name in names
            if name not in _MOVING and (value := account.crm.value(record, name))
        }
        for record in account.crm.all(kind)
    }


def _our_records(account: Account, kind: str) -> dict[int, dict[str, Any]]:
    rows = account.rows(
        "SELECT record_id, properties FROM record WHERE object_type = :kind AND gone_at IS NULL",
        kind=kind,
    )
    return {
        row["record_id"]: {
            name: value
            for name, value in row["properties"].items()
            if value != "" and name not in _MOVING
        }
        for row in rows
    }


def _their_links(account: Account, one: str, other: str) -> set[tuple[int, int]]:
    return {
        (record.id, to)
        for record in account.crm.all(one)
        for to in account.crm.associated(one, record.id, other)
    }


def _our_links(account: Account, one: str, other: str) -> set[tuple[int, int]]:
    rows = account.rows(
        """SELECT DISTINCT a.from_id, a.to_id FROM association AS a
           JOIN record AS f ON f.object_type = a.from_type AND f.record_id = a.from_id AND f.gone_at IS NULL
           JOIN record AS t ON t.object_type = a.to_type AND t.record_id = a.to_id AND t.gone_at IS NULL
           WHERE a.from_type = :one AND a.to_type = :other""",
        one=one,
        other=other,
    )
    return {(row["from_id"], row["to_id"]) for row in rows}


def _shown_fields(different: Sequence[Any], ours: Fields, theirs: Fields) -> str:
    shown = []
    for record in different[:_MOST_SHOWN]:
        one, other = ours.get(record, {}), theirs.get(record, {})
        names = chaos_clean.differences(one, other)
        shown.append(f"{record} { ({name: (one.get(name), other.get(name)) for name in names}) }")
    return "; ".join(shown)


def _shown_sums(different: Sequence[Any], ours: Booked, theirs: Booked) -> str:
    return "; ".join(f"{key} {ours.get(key)}, {theirs.get(key)}" for key in different[:_MOST_SHOWN])
