"""Whom records belong to, by name and team."""

from alembic import op

revision = "0031"
down_revision = "0030"

TABLES = """
CREATE TABLE owner (
  portal_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  user_id bigint,
  email text NOT NULL DEFAULT '',
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  team_ids text[] NOT NULL DEFAULT '{}',  -- the primary one first
  team_names text[] NOT NULL DEFAULT '{}',
  is_archived boolean NOT NULL DEFAULT false,
  PRIMARY KEY (portal_id, owner_id)
);
CREATE INDEX owner_of_user ON owner (portal_id, user_id);
ALTER TABLE owner ENABLE ROW LEVEL SECURITY;
ALTER TABLE owner FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON owner TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON owner TO second_order_app;

-- Names are read the next time that portals are looked at, which is soon.
UPDATE portal SET looked_at = NULL;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
