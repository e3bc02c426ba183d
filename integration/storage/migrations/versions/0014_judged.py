"""Settings versions that judge all history are kept, with who wanted it and why."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
CREATE TABLE history_judgement (
  portal_id bigint NOT NULL,
  version int NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (portal_id, version)
);
ALTER TABLE history_judgement ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_judgement FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON history_judgement TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON history_judgement TO second_order_app;

-- A pass by changed settings: what is newly mapped has no value here before it is through.
ALTER TABLE import_run ADD COLUMN holds_conclusions boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
