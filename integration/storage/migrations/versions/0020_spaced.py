"""Tries of a delivery are spaced, so that short trouble of ours does not use them up."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Say from when on a delivery may be tried again; empty: at once."""
    op.execute("ALTER TABLE inbox ADD COLUMN next_at timestamptz")
