"""Settings that name what the portal no longer has are kept, so that pages can tell of them."""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = """
CREATE TABLE missing_choice (
  portal_id bigint NOT NULL,
  setting text NOT NULL,
  sentence text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, setting)
);
ALTER TABLE missing_choice ENABLE ROW LEVEL SECURITY;
ALTER TABLE missing_choice FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON missing_choice TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON missing_choice TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
