"""When companies were customers, the base rate of churn, and the versions of what churns taught.

Companies that bought are concluded once more, which fills the table.
"""

from alembic import op

revision = "0052"
down_revision = "0051"

TABLES = """
CREATE TABLE customer_spell (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz,  -- no part of it; NULL: it goes on
  ending text CHECK (ending IN ('value_ended', 'stopped_buying', 'unknown')),
  PRIMARY KEY (portal_id, company_id, since),
  CHECK ((until IS NULL) = (ending IS NULL))
);
CREATE INDEX customer_spell_until ON customer_spell (portal_id, until);

-- One row: the rate that the risks in HubSpot were last worked out with.
CREATE TABLE churn_base (
  portal_id bigint PRIMARY KEY,
  base_ppm int NOT NULL,
  customers int NOT NULL,
  churned int NOT NULL
);

-- What each re-fit learnt; a risk says which version made it. Lists go by factor, or by bin.
CREATE TABLE churn_fit (
  portal_id bigint NOT NULL,
  version int NOT NULL,
  made_at timestamptz NOT NULL,
  settings_version int NOT NULL,
  base_ppm int NOT NULL,
  factors text[] NOT NULL,
  odds int[] NOT NULL,
  customers int NOT NULL,
  events int NOT NULL,
  brier_ppm int NOT NULL,
  reference_ppm int NOT NULL,
  said_ppm int[] NOT NULL,
  churned int[] NOT NULL,
  of_customers int[] NOT NULL,
  left_out_brier_ppm int NOT NULL,
  left_out_said_ppm int[] NOT NULL,
  left_out_churned int[] NOT NULL,
  left_out_of int[] NOT NULL,
  PRIMARY KEY (portal_id, version)
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['customer_spell', 'churn_base', 'churn_fit'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_portal ON %I TO second_order_app
                    USING (portal_id = current_portal())
                    WITH CHECK (portal_id = current_portal())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO second_order_app', t);
  END LOOP;
END $$;

ALTER TABLE listed_company ADD COLUMN churn_risk double precision;

ALTER TABLE deal NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stale NO FORCE ROW LEVEL SECURITY;
INSERT INTO stale (portal_id, stage, object_type, record_id)
  SELECT DISTINCT portal_id, 3, 'company', company_id FROM deal
  WHERE is_won AND company_id IS NOT NULL ON CONFLICT DO NOTHING;
ALTER TABLE deal FORCE ROW LEVEL SECURITY;
ALTER TABLE stale FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Add the tables, and queue the customers that fill them."""
    op.execute(TABLES)
