"""Since when something that health rests on is no longer read: its last values age from then."""

from alembic import op

revision = "0028"
down_revision = "0027"

TABLES = """
CREATE TABLE lost_feed (
  portal_id bigint NOT NULL,
  feed text NOT NULL,
  lost_at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, feed)
);
ALTER TABLE lost_feed ENABLE ROW LEVEL SECURITY;
ALTER TABLE lost_feed FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON lost_feed TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON lost_feed TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
