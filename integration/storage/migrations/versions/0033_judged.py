"""Deals keep what a report tells of their credit: its range, and what could show a customer's part.

Won deals of before are concluded once more, which fills the columns and changes nothing else.
"""

from alembic import op

revision = "0033"
down_revision = "0032"

COLUMNS = """
-- Parts per million of the amount when only sure sources count, and when all are certain; empty
-- where nobody led to the deal, or it is not known any more.
ALTER TABLE deal
  ADD COLUMN low_share bigint,
  ADD COLUMN high_share bigint,
  ADD COLUMN trace text
    CHECK (trace IN ('employer', 'answer', 'activity', 'contacts', 'nothing'));
ALTER TABLE deal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stale NO FORCE ROW LEVEL SECURITY;
INSERT INTO stale (portal_id, stage, object_type, record_id)
  SELECT portal_id, 2, 'deal', deal_id FROM deal WHERE is_won ON CONFLICT DO NOTHING;
ALTER TABLE deal FORCE ROW LEVEL SECURITY;
ALTER TABLE stale FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Add the columns, and queue the deals that lack them."""
    op.execute(COLUMNS)
