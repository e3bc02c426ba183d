"""What detection has looked at, so that properties and labels made since are proposed."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
-- Properties, labels, hosts and options that seemed to be what a setting means.
CREATE TABLE detection_candidate (
  portal_id bigint NOT NULL,
  setting text NOT NULL,
  candidate text NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, setting, candidate)
);
ALTER TABLE detection_candidate ENABLE ROW LEVEL SECURITY;
ALTER TABLE detection_candidate FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON detection_candidate TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON detection_candidate TO second_order_app;

ALTER TABLE portal ADD COLUMN looked_at timestamptz;
"""


def upgrade() -> None:
    """Add the table and the column."""
    op.execute(TABLES)
