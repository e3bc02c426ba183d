"""Wins: what went well for customers."""

from alembic import op

revision = "0044"
down_revision = "0043"

TABLES = """
CREATE TABLE win (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  win_key text NOT NULL,  -- the row it follows from: "deal:77"
  kind text NOT NULL,
  contact_id bigint,  -- NULL: the whole company's
  at timestamptz NOT NULL,
  words text NOT NULL,
  PRIMARY KEY (portal_id, company_id, win_key)
);
CREATE INDEX win_at ON win (portal_id, at, company_id, win_key);
CREATE INDEX win_contact ON win (portal_id, contact_id) WHERE contact_id IS NOT NULL;

ALTER TABLE win ENABLE ROW LEVEL SECURITY;
ALTER TABLE win FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON win TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON win TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
