"""Invitations: links that let one user of an account in, once."""

from alembic import op

revision = "0034"
down_revision = "0033"

TABLES = """
CREATE TABLE invitation (
  portal_id bigint NOT NULL,
  invitation_id bigint GENERATED ALWAYS AS IDENTITY,
  secret_hash bytea NOT NULL,
  user_id bigint NOT NULL,
  email text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'marketer', 'success', 'seller')),
  was_mailed boolean NOT NULL,
  made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (portal_id, invitation_id),
  UNIQUE (portal_id, secret_hash)
);
ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitation FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON invitation TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON invitation TO second_order_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app, second_order_service;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
