"""Monthly costs of winning customers, as people entered them."""

from alembic import op

revision = "0060"
down_revision = "0059"

TABLES = """
CREATE TABLE cost (
  portal_id bigint NOT NULL,
  cost_id bigint GENERATED ALWAYS AS IDENTITY,
  month date NOT NULL,
  source text NOT NULL,
  part text NOT NULL CHECK (part IN ('market', 'convert', 'people', 'program')),
  minor bigint CHECK (minor >= 0),  -- in the account's currency; NULL: taken back
  currency text NOT NULL,
  entered_minor bigint,
  entered_currency text NOT NULL,
  rate text NOT NULL DEFAULT '',
  entered_by text NOT NULL,
  entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, cost_id)
);
CREATE INDEX cost_of_month ON cost (portal_id, month, source, part, cost_id DESC);

ALTER TABLE cost ENABLE ROW LEVEL SECURITY;
ALTER TABLE cost FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON cost TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON cost TO second_order_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app, second_order_service;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
