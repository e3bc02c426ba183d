"""Recurring value of customers over time, and what of deals recurs."""

from alembic import op

revision = "0046"
down_revision = "0045"

TABLES = """
-- Filled as deals are concluded again; NULL: a one-off, or not looked at since.
ALTER TABLE deal
  ADD COLUMN recurring_minor bigint,
  ADD COLUMN recurring_source text,
  ADD COLUMN term_months int,
  ADD COLUMN is_replaced boolean NOT NULL DEFAULT false;

-- What one contract or the mapped property of a company brings in a year, from since until until.
CREATE TABLE recurring_value (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  span_key text NOT NULL,  -- the property, or a deal; of one that was merged, with its id
  since timestamptz NOT NULL,
  until timestamptz,  -- no part of it; NULL: it goes on
  year_minor bigint NOT NULL,
  currency text NOT NULL,
  home_minor bigint,  -- the same in the account's currency at the rate of the close
  source text NOT NULL,
  tags text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (portal_id, company_id, span_key, since)
);

ALTER TABLE recurring_value ENABLE ROW LEVEL SECURITY;
ALTER TABLE recurring_value FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON recurring_value TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON recurring_value TO second_order_app;
"""


def upgrade() -> None:
    """Add the table and the columns."""
    op.execute(TABLES)
