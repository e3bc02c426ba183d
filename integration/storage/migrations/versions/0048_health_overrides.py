"""What people decide about the health of a customer: a band for a while, a factor that is none."""

from alembic import op

revision = "0048"
down_revision = "0047"

TABLES = """
-- Appended; of several the newest counts. A company that was merged keeps its old id here.
CREATE TABLE health_override (
  portal_id bigint NOT NULL,
  override_id bigint GENERATED ALWAYS AS IDENTITY,
  company_id bigint NOT NULL,
  band text NOT NULL CHECK (band IN ('healthy', 'watch', 'at_risk')),
  reason text NOT NULL,
  author text NOT NULL,
  made_at timestamptz NOT NULL,
  until date NOT NULL,  -- its last day
  withdrawn_at timestamptz,
  withdrawn_by text,
  PRIMARY KEY (portal_id, override_id)
);
CREATE INDEX health_override_company ON health_override (portal_id, company_id);

CREATE TABLE left_out_factor (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  factor text NOT NULL,
  words text NOT NULL,
  author text NOT NULL,
  made_at timestamptz NOT NULL,
  until date,  -- its last day; without one until somebody counts it again
  PRIMARY KEY (portal_id, company_id, factor)
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['health_override', 'left_out_factor'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_portal ON %I TO second_order_app
                    USING (portal_id = current_portal())
                    WITH CHECK (portal_id = current_portal())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO second_order_app', t);
  END LOOP;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app, second_order_service;
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(TABLES)
