"""Imports show how far they are: the total of each stream, and when it began."""

from alembic import op

revision = "0023"
down_revision = "0022"

COLUMNS = """
-- Empty where HubSpot was not asked, or did not say, how much there is.
ALTER TABLE import_step ADD COLUMN total bigint, ADD COLUMN began_at timestamptz;
ALTER TABLE touch_step ADD COLUMN total bigint, ADD COLUMN began_at timestamptz;
ALTER TABLE import_run ADD COLUMN totals_asked_at timestamptz;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(COLUMNS)
