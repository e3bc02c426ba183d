"""Open deals are found without reading the closed ones, and entries by when they were recorded."""

from alembic import op

revision = "0039"
down_revision = "0038"

INDEXES = """
CREATE INDEX deal_open ON deal (portal_id, deal_id)
  INCLUDE (open_probability, home_currency, home_minor, currency, amount_minor) WHERE is_open;
CREATE INDEX ledger_recorded ON ledger (portal_id, recorded_at, entry_id);
"""


def upgrade() -> None:
    """Add the indexes."""
    op.execute(INDEXES)
