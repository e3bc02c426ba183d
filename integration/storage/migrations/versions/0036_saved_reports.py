"""Reports are saved under a name, with who changed them last."""

from alembic import op

revision = "0036"
down_revision = "0035"

TABLES = """
CREATE TABLE saved_report (
  portal_id bigint NOT NULL,
  report_id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  body jsonb NOT NULL,                 -- shape saved_view
  owner text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revision int NOT NULL DEFAULT 1,
  deleted_at timestamptz,              -- can be taken back for a time
  PRIMARY KEY (portal_id, report_id)
);
ALTER TABLE saved_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE saved_report FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON saved_report TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_report TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
