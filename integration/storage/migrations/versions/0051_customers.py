"""Customers as their page lists them: health, money, and when somebody was last in touch."""

from alembic import op

revision = "0051"
down_revision = "0050"

TABLES = """
CREATE TABLE customer (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  name text NOT NULL,
  owner_id bigint,
  band text NOT NULL,  -- that everybody sees
  worked_out text NOT NULL,  -- the band without an override
  health numeric(4, 1),
  coverage smallint NOT NULL,
  change numeric(4, 1),  -- against 30 days ago
  touched_at timestamptz,  -- the last two-way touch
  is_touched boolean NOT NULL,  -- lately, as the policy says
  is_active boolean NOT NULL,
  is_flagged boolean NOT NULL,  -- somebody who decides answered as a detractor of late
  recurring_minor bigint NOT NULL,  -- a year, in the account's currency
  bought_minor bigint NOT NULL,  -- of late, likewise
  PRIMARY KEY (portal_id, company_id)
);
CREATE INDEX customer_health ON customer (portal_id, coalesce(health, -1), company_id);
CREATE INDEX customer_owner ON customer (portal_id, owner_id);

ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON customer TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON customer TO second_order_app;

-- Customers of before are looked at again in the coming night.
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
