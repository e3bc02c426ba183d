"""The search for changes keeps its place, and each type of record its own time."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = """
-- Where the search for a type's changes is. began_at is empty while none is under way; until then
-- changes were asked for up to since.
CREATE TABLE search_step (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  since timestamptz NOT NULL,
  began_at timestamptz,
  last_id bigint NOT NULL DEFAULT 0,
  unread bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (portal_id, object_type)
);
ALTER TABLE search_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_step FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON search_step TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON search_step TO second_order_app;
"""


def upgrade() -> None:
    """Make the table, then close it."""
    op.execute(TABLES)
