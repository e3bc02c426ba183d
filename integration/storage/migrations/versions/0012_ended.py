"""Marks of forgotten people name their key, inlet keys are kept, portals go bit by bit."""

from alembic import op

revision = "0012"
down_revision = "0010"

TABLES = """
-- Without a name: made by a version that had no forget keys, under a key made of its SECRET_KEY.
ALTER TABLE suppression ADD COLUMN key_id text;
-- Since when the rows of an uninstalled portal are being erased; empty again when all are gone.
ALTER TABLE portal ADD COLUMN erasing_since timestamptz;

-- What survey tools and products show: the digest recognises a key, the seal lets people read it.
CREATE TABLE inlet_key (
  portal_id bigint NOT NULL,
  digest bytea NOT NULL,
  sealed bytea NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamptz,
  PRIMARY KEY (portal_id, digest)
);
CREATE UNIQUE INDEX inlet_key_current ON inlet_key (portal_id) WHERE ends_at IS NULL;
ALTER TABLE inlet_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE inlet_key FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON inlet_key TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON inlet_key TO second_order_app;
"""


def upgrade() -> None:
    """Add the columns and the table."""
    op.execute(TABLES)
