"""Holding ready people back at random: an admin begins and ends it; what was drawn stays."""

import secrets

from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.program import hold_back_rows
from integration.storage.service import portals
from mappings.rules.ledger import hold_out

_SEED_BYTES = 16
_PERCENT = 10_000  # ppm


def begin(portal: PortalContext, percent: str, *, actor: str) -> None:
    """Hold a share of ready people back from now on, drawn by a new seed.

    Raises :class:`Refused` for no share that may be, and while it is under way already.
    """
    most = hold_out.LARGEST_SHARE // _PERCENT
    share = int(percent) if percent.isascii() and percent.isdigit() and len(percent) < 4 else 0  # noqa: PLR2004 - three digits are a percentage
    if not 1 <= share <= most:
        raise Refused(f"Choose a share from 1 to {most} percent")
    with portal.confirmed() as tx:
        seed = secrets.token_hex(_SEED_BYTES)
        now = portal.runtime.now()
        if not hold_back_rows.start(tx, share * _PERCENT, seed, now, by=actor):
            raise Refused("People are held back already: end that first")
        portals.note(tx, actor, "began to hold people back at random", percent=share)


def end(portal: PortalContext, *, actor: str) -> None:
    """Hold nobody back any more. Raises :class:`Refused` where nobody is."""
    with portal.confirmed() as tx:
        if not hold_back_rows.end(tx, portal.runtime.now(), by=actor):
            raise Refused("Nobody is held back: load the page again")
        portals.note(tx, actor, "ended holding people back")
