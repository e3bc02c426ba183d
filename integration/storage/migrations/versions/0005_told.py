"""Texts are labelled with the classifier's version."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
-- What answers, form fields and deal fields say of how somebody heard of us; place is the
-- property's name.
CREATE TABLE told (
  portal_id bigint NOT NULL,
  owner_type text NOT NULL CHECK (owner_type IN ('contact', 'deal')),
  owner_id bigint NOT NULL,
  place text NOT NULL,
  label text NOT NULL,
  confidence int NOT NULL CHECK (confidence BETWEEN 0 AND 1000000),
  quote text NOT NULL,
  version int NOT NULL,
  at timestamptz NOT NULL,
  -- A language model's opinion where the phrases were silent.
  by_model boolean NOT NULL DEFAULT false,
  PRIMARY KEY (portal_id, owner_type, owner_id, place, label, by_model)
);
CREATE INDEX told_label ON told (portal_id, label);
CREATE INDEX told_version ON told (portal_id, version) WHERE NOT by_model;
CREATE INDEX told_unheard ON told (portal_id, owner_type, owner_id)
  WHERE label = 'unknown' AND NOT by_model;
"""

POLICIES = """
ALTER TABLE told ENABLE ROW LEVEL SECURITY;
ALTER TABLE told FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON told TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON told TO second_order_app;
"""


def upgrade() -> None:
    """Make the table, then close it."""
    op.execute(TABLES)
    op.execute(POLICIES)
