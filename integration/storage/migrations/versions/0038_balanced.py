"""What the ledger adds up to is kept by deal, too, with its range and what could show a customer.

Most reports tell deals apart and not their credits: they read one narrow row a deal.
"""

from alembic import op

revision = "0038"
down_revision = "0037"

TABLES = """
CREATE TABLE deal_balance (
  portal_id bigint NOT NULL,
  deal_id bigint NOT NULL,
  won_at timestamptz NOT NULL,
  currency text NOT NULL,
  home_currency text,
  derived_minor bigint NOT NULL,
  rest_minor bigint NOT NULL,
  derived_home bigint,
  rest_home bigint,
  -- Parts per million of the amount when only sure sources count, and when all are certain; empty
  -- where nobody led to the deal, or it is not known any more.
  low_share bigint,
  high_share bigint,
  trace text CHECK (trace IN ('employer', 'answer', 'activity', 'contacts', 'nothing'))
);
CREATE UNIQUE INDEX deal_balance_win ON deal_balance
  (portal_id, deal_id, won_at, currency, home_currency) NULLS NOT DISTINCT;
CREATE INDEX deal_balance_won ON deal_balance (portal_id, won_at);
ALTER TABLE deal_balance ENABLE ROW LEVEL SECURITY;
ALTER TABLE deal_balance FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON deal_balance TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON deal_balance TO second_order_app;

CREATE OR REPLACE FUNCTION add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO balance AS kept (portal_id, deal_id, source_key, kind, subject_id, company_id, won_at,
      currency, home_currency, amount_minor, home_minor)
    SELECT portal_id, deal_id, source_key, kind, subject_id, company_id,
      coalesce(origin_at, effective_at), currency,
      CASE WHEN home_minor IS NOT NULL THEN home_currency END, sum(amount_minor), sum(home_minor)
    FROM added GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT (portal_id, deal_id, source_key, won_at, currency, home_currency, kind, subject_id,
      company_id)
    DO UPDATE SET amount_minor = kept.amount_minor + excluded.amount_minor,
      home_minor = kept.home_minor + excluded.home_minor;
  INSERT INTO deal_balance AS kept (portal_id, deal_id, won_at, currency, home_currency,
      derived_minor, rest_minor, derived_home, rest_home)
    SELECT portal_id, deal_id, coalesce(origin_at, effective_at), currency,
      CASE WHEN home_minor IS NOT NULL THEN home_currency END,
      coalesce(sum(amount_minor) FILTER (WHERE kind <> 'first_order'), 0),
      coalesce(sum(amount_minor) FILTER (WHERE kind = 'first_order'), 0),
      coalesce(sum(home_minor) FILTER (WHERE kind <> 'first_order'), 0),
      coalesce(sum(home_minor) FILTER (WHERE kind = 'first_order'), 0)
    FROM added GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (portal_id, deal_id, won_at, currency, home_currency)
    DO UPDATE SET derived_minor = kept.derived_minor + excluded.derived_minor,
      rest_minor = kept.rest_minor + excluded.rest_minor,
      derived_home = kept.derived_home + excluded.derived_home,
      rest_home = kept.rest_home + excluded.rest_home;
  RETURN NULL;
END $$;

-- Deals with a customer behind them by their close, and won ones of which nothing is booked.
CREATE INDEX deal_with_customer ON deal (portal_id, closed_at) WHERE source NOT IN ('', 'none');
CREATE INDEX deal_unbooked ON deal (portal_id, deal_id) WHERE is_won AND booked_on IS NULL;
"""

# The login that owns the tables sees all portals' rows for as long as this takes.
FILL = """
ALTER TABLE balance NO FORCE ROW LEVEL SECURITY;
ALTER TABLE deal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE deal_balance NO FORCE ROW LEVEL SECURITY;
INSERT INTO deal_balance
  SELECT portal_id, deal_id, won_at, balance.currency, balance.home_currency,
    coalesce(sum(balance.amount_minor) FILTER (WHERE kind <> 'first_order'), 0),
    coalesce(sum(balance.amount_minor) FILTER (WHERE kind = 'first_order'), 0),
    coalesce(sum(balance.home_minor) FILTER (WHERE kind <> 'first_order'), 0),
    coalesce(sum(balance.home_minor) FILTER (WHERE kind = 'first_order'), 0),
    max(low_share), max(high_share), max(trace)
  FROM balance LEFT JOIN deal USING (portal_id, deal_id) GROUP BY 1, 2, 3, 4, 5;
ALTER TABLE deal DROP COLUMN low_share, DROP COLUMN high_share, DROP COLUMN trace;
ALTER TABLE balance FORCE ROW LEVEL SECURITY;
ALTER TABLE deal FORCE ROW LEVEL SECURITY;
ALTER TABLE deal_balance FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Add the sums by deal, fill them, and move to them what deals kept of their judgement."""
    op.execute(TABLES)
    op.execute(FILL)
