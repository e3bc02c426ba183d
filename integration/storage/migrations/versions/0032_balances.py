"""What the ledger adds up to is kept beside it, for reports.

A report groups what some hundred thousand deals earned. The ledger's rows are wide, and a deal has
several; a balance is one narrow row for each credit of a deal.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

TABLES = """
CREATE TABLE balance (
  portal_id bigint NOT NULL,
  deal_id bigint NOT NULL,
  source_key text NOT NULL,
  kind text NOT NULL,
  subject_id bigint,
  company_id bigint,
  won_at timestamptz NOT NULL,  -- the win that the entries belong to, wherever they landed
  currency text NOT NULL,
  home_currency text,
  amount_minor bigint NOT NULL,
  home_minor bigint
);
CREATE UNIQUE INDEX balance_credit ON balance (portal_id, deal_id, source_key, won_at, currency,
  home_currency, kind, subject_id, company_id) NULLS NOT DISTINCT;
CREATE INDEX balance_won ON balance (portal_id, won_at);
CREATE INDEX balance_company ON balance (portal_id, company_id) WHERE company_id IS NOT NULL;
ALTER TABLE balance ENABLE ROW LEVEL SECURITY;
ALTER TABLE balance FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON balance TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON balance TO second_order_app;

-- Entries are only ever appended, so the sums are kept by whatever appends them.
CREATE FUNCTION add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
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
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_is_added_up AFTER INSERT ON ledger REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION add_to_balances();
"""

# The login that owns the tables sees all portals' rows for as long as this takes.
FILL = """
ALTER TABLE ledger NO FORCE ROW LEVEL SECURITY;
ALTER TABLE balance NO FORCE ROW LEVEL SECURITY;
INSERT INTO balance
  SELECT portal_id, deal_id, source_key, kind, subject_id, company_id,
    coalesce(origin_at, effective_at), currency,
    CASE WHEN home_minor IS NOT NULL THEN home_currency END, sum(amount_minor), sum(home_minor)
  FROM ledger GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
ALTER TABLE ledger FORCE ROW LEVEL SECURITY;
ALTER TABLE balance FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Add the sums, and fill them from what is there."""
    op.execute(TABLES)
    op.execute(FILL)
