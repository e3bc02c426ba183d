"""What changed settings would overwrite in HubSpot (`settings_hold`): counted, and confirmed."""

from dataclasses import dataclass

from integration.storage.database import Transaction
from mappings.records.properties import UPDATED_AT

# Our values on a record, but for the time of writing, which changes with any of them.
_OURS = r"mine.key LIKE 'second\_order\_%' AND mine.key <> :stamp"


@dataclass(frozen=True, slots=True)
class Overwriting:
    """How many of the `written` values waiting patches alter or clear, by the mirror."""

    altered: int
    cleared: int
    written: int

    @property
    def count(self) -> int:
        """Altered and cleared together."""
        return self.altered + self.cleared


@dataclass(frozen=True, slots=True)
class SettingsHold:
    """Writing waits since a settings version; `overwriting` is known when all is concluded."""

    version: int
    overwriting: Overwriting | None


def begin(tx: Transaction, version: int) -> None:
    """Let writing wait for what *version* overwrites, if anything was written before."""
    tx.run(
        """INSERT INTO settings_hold (portal_id, version)
           SELECT :portal, :version
           WHERE EXISTS (SELECT FROM conclusion
             WHERE portal_id = :portal AND written_at IS NOT NULL)
           ON CONFLICT (portal_id) DO UPDATE SET version = excluded.version,
             altered = NULL, cleared = NULL, written = NULL""",
        version=version,
    )


def find(tx: Transaction) -> SettingsHold | None:
    """Return the hold; None while writing may go on."""
    row = tx.one(
        """SELECT version, altered, cleared, written FROM settings_hold
           WHERE portal_id = :portal"""
    )
    if row is None:
        return None
    if row["altered"] is None:
        return SettingsHold(row["version"], None)
    counted = Overwriting(row["altered"], row["cleared"], row["written"])
    return SettingsHold(row["version"], counted)


def ask(tx: Transaction, found: Overwriting) -> None:
    """Keep what was counted: a person has to confirm it."""
    tx.run(
        """UPDATE settings_hold SET altered = :altered, cleared = :cleared, written = :written
           WHERE portal_id = :portal""",
        altered=found.altered,
        cleared=found.cleared,
        written=found.written,
    )


def end(tx: Transaction) -> bool:
    """Let writing go on; False where nothing was held."""
    return tx.run("DELETE FROM settings_hold WHERE portal_id = :portal") > 0


def count_overwriting(tx: Transaction, *, least: int) -> Overwriting | None:
    """Count what waiting patches overwrite; None for fewer than *least* values."""
    row = tx.one(
        f"""SELECT count(*) FILTER (WHERE mine.value <> '') AS altered,
              count(*) FILTER (WHERE mine.value = '') AS cleared
            FROM outbox JOIN record USING (portal_id, object_type, record_id)
              CROSS JOIN LATERAL jsonb_each_text(outbox.patch) AS mine
            WHERE portal_id = :portal AND outbox.state = 'waiting' AND record.gone_at IS NULL
              AND {_OURS} AND coalesce(record.properties ->> mine.key, '') NOT IN ('', mine.value)
        """,
        stamp=UPDATED_AT,
    )
    if row is None or row["altered"] + row["cleared"] < least:
        return None
    written = tx.value(
        f"""SELECT count(*) FROM record CROSS JOIN LATERAL jsonb_each_text(properties) AS mine
            WHERE portal_id = :portal AND gone_at IS NULL
              AND object_type IN ('company', 'contact', 'deal') AND {_OURS} AND mine.value <> ''""",
        stamp=UPDATED_AT,
    )
    return Overwriting(row["altered"], row["cleared"], written)
