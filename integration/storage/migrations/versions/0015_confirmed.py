"""What changed settings overwrite in HubSpot is counted, and may have to be confirmed."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE TABLE settings_hold (
  portal_id bigint PRIMARY KEY,
  version int NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  altered int,  -- empty until everything is concluded
  cleared int,
  written int
);
ALTER TABLE settings_hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE settings_hold FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON settings_hold TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON settings_hold TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
