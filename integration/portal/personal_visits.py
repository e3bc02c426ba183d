"""Visits by personal links: where a code leads now, and one more visit on this day."""

from collections.abc import Mapping

from integration.portal.runtime import Runtime
from integration.storage.ledger import period_rows
from integration.storage.program import code_rows, program_row
from mappings.rules.referrals import personal_links

_LARGEST_ACCOUNT = 2**63 - 1  # a number of the database


def follow(runtime: Runtime, code: str, method: str, headers: Mapping[str, str]) -> str | None:
    """Return where a code leads, and count the visit if it is somebody's; None leads nowhere.

    A code leads nowhere that is unknown or revoked, or whose account is gone or has the program
    off.
    """
    portal_id = personal_links.portal_of(code)
    if portal_id is None or portal_id > _LARGEST_ACCOUNT:
        return None
    # A visit that is lost with the whole server does no harm.
    with runtime.database.portal(portal_id, durable=False) as tx:
        if not program_row.is_open(tx):
            return None
        found = code_rows.find(tx, code)
        if found is None or found.revoked_at is not None:
            return None
        program = program_row.read(tx)
        if personal_links.is_visit(method, headers.get("User-Agent", ""), _purpose(headers)):
            day = period_rows.read(tx).calendar.day_of(runtime.now())
            code_rows.visit(tx, code, day)
    return personal_links.destination(
        program.target_of(found.target),
        code,
        campaign=program.campaign,
        parameter=program.parameter,
    )


def _purpose(headers: Mapping[str, str]) -> str:
    """What a browser says it opens a page for, when nobody looks at it yet."""
    names = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    return "".join(headers.get(name, "") for name in names)
