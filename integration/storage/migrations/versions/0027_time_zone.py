"""Months close in the account's time zone, and a closed one keeps the zone that it closed in."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Note the zone of each closing; until now months were those of UTC."""
    op.execute("ALTER TABLE closing ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC'")
    # What was booked by now was booked into open months of UTC.
    op.execute(
        """UPDATE portal SET account = account || jsonb_build_object('time_zone_since', now())
           WHERE coalesce(account ->> 'time_zone', '') <> ''"""
    )
