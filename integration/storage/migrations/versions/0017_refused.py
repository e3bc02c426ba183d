"""Streams that HubSpot does not let us read are named, with its answer."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
-- A list or search that HubSpot refuses or fails to answer. It is left out from refused_at on;
-- before that, failures counts the slices in a row in which it was not answered.
CREATE TABLE stream_trouble (
  portal_id bigint NOT NULL,
  stream text NOT NULL,
  reason text NOT NULL,
  failures int NOT NULL DEFAULT 0,
  refused_at timestamptz,
  PRIMARY KEY (portal_id, stream)
);
ALTER TABLE stream_trouble ENABLE ROW LEVEL SECURITY;
ALTER TABLE stream_trouble FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON stream_trouble TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON stream_trouble TO second_order_app;
"""


def upgrade() -> None:
    """Make the table, then close it."""
    op.execute(TABLES)
