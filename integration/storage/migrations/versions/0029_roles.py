"""Who may do what in an account; and one browser may be signed in to several accounts."""

from alembic import op

revision = "0029"
down_revision = "0028"

TABLES = """
CREATE TABLE portal_user (
  portal_id bigint NOT NULL,
  user_id bigint NOT NULL,
  role text CHECK (role IN ('admin', 'marketer', 'success', 'seller')),  -- NULL: taken away
  email text NOT NULL DEFAULT '',
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  given_by text NOT NULL DEFAULT '',
  seen_at timestamptz,
  PRIMARY KEY (portal_id, user_id)
);
ALTER TABLE portal_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_user FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON portal_user TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
CREATE POLICY service ON portal_user TO second_order_service USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_user TO second_order_app, second_order_service;

-- Whoever installed an account goes on as its first admin.
INSERT INTO portal_user (portal_id, user_id, role, since, given_by)
  SELECT portal_id, installed_by, 'admin', installed_at, 'second-order' FROM portal
  WHERE installed_by IS NOT NULL;

-- Sessions of before name no role; whoever was signed in signs in once more.
DELETE FROM browser_session;
ALTER TABLE browser_session DROP CONSTRAINT browser_session_pkey;
ALTER TABLE browser_session ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE browser_session ADD PRIMARY KEY (session_hash, portal_id);
ALTER TABLE browser_session ADD COLUMN idle interval NOT NULL DEFAULT '30 minutes';
ALTER TABLE browser_session ADD COLUMN lasts interval NOT NULL DEFAULT '12 hours';
"""


def upgrade() -> None:
    """Add the table, and let a browser have several sessions."""
    op.execute(TABLES)
