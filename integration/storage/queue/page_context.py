"""The state with which a page of concluding begins, read in one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Transaction
from integration.storage.queue.recompute import Stage
from integration.storage.service import settings_versions
from mappings.stored.settings_document import settings_in


@dataclass(frozen=True, slots=True)
class SurveyLinks:
    """How links to our survey are made: what they begin with, and the key that seals them."""

    address: str
    key: str


@dataclass(frozen=True, slots=True)
class Loops:
    """Whether any follow-up is open, and since when answers open one: None before the install."""

    any_open: bool = False
    since: datetime | None = None


NO_LOOPS = Loops()


@dataclass(frozen=True, slots=True)
class PageContext:
    """A portal's newest settings, lowest due stage and paused properties.

    `is_reading`: an import under way has to be through before deals are concluded. `weighed`: deals
    were judged with all that the first import and the first pass over activities read. `survey` is
    None where the account does not ask with our survey. `link_base` is what personal links begin
    with, empty while the referral program is off; `has_codes`: there is any code of one.
    """

    version: int
    body: Mapping[str, Any]
    stage: Stage | None
    is_reading: bool
    imported: bool
    weighed: bool
    paused: frozenset[tuple[str, str]]
    survey: SurveyLinks | None = None
    link_base: str = ""
    has_codes: bool = False
    loops: Loops = NO_LOOPS


def read(tx: Transaction) -> PageContext:
    """Read the portal's state; a portal without settings has none."""
    (row,) = tx.tuples(
        f"""SELECT newest.version, newest.body,
              (SELECT stage FROM stale WHERE portal_id = :portal AND next_at <= clock_timestamp()
               ORDER BY stage LIMIT 1),
              EXISTS (SELECT FROM import_run WHERE portal_id = :portal AND state = 'running'
                AND (kind = 'import' OR holds_conclusions)),
              EXISTS (SELECT FROM portal WHERE portal_id = :portal AND imported_at IS NOT NULL),
              NOT EXISTS (SELECT FROM touch_step WHERE portal_id = :portal AND NOT weighed),
              (SELECT json_agg(json_build_array(object_type, name)) FROM property_state
               WHERE portal_id = :portal AND paused_at IS NOT NULL),
              (SELECT json_build_array(address, link_key) FROM survey_setup
               WHERE portal_id = :portal AND is_on),
              (SELECT link_base FROM referral_program WHERE portal_id = :portal AND is_on),
              EXISTS (SELECT FROM referral_code WHERE portal_id = :portal),
              EXISTS (SELECT FROM follow_up WHERE portal_id = :portal AND closed_at IS NULL),
              (SELECT installed_at FROM portal WHERE portal_id = :portal)
            FROM (SELECT) AS always
              LEFT JOIN LATERAL ({settings_versions.NEWEST}) AS newest ON true"""
    )
    version, body, stage, is_reading, imported, weighed, paused, links, *more = row
    base, has_codes, is_any_open, since = more
    names = frozenset((kind, name) for kind, name in paused or ())
    due = Stage(stage) if stage is not None else None
    return PageContext(
        version or 0,
        settings_in(body),
        due,
        is_reading,
        imported,
        weighed,
        names,
        SurveyLinks(*links) if links else None,
        base or "",
        has_codes,
        Loops(is_any_open, since),
    )
