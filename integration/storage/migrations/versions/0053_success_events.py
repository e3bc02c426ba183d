"""What products tell of customers: events, and items that wait for a company to appear."""

from alembic import op

revision = "0053"
down_revision = "0052"

TABLES = """
-- Milestones, goals, praise: what happened once. A withdrawal that came first is a row without a
-- company, so that what it takes back is found withdrawn.
CREATE TABLE success_event (
  portal_id bigint NOT NULL,
  source text NOT NULL,
  event_key text NOT NULL,
  kind text NOT NULL,
  company_id bigint,
  contact_id bigint,
  at timestamptz NOT NULL,
  words text NOT NULL DEFAULT '',
  withdrawn_at timestamptz,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, source, event_key)
);
CREATE INDEX success_event_company ON success_event (portal_id, company_id);
CREATE INDEX success_event_contact ON success_event (portal_id, contact_id)
  WHERE contact_id IS NOT NULL;

-- Items about companies that nobody knows yet, by how they name it: "id:12", "domain:acme.example".
CREATE TABLE awaited_company (
  portal_id bigint NOT NULL,
  company_ref text NOT NULL,
  source text NOT NULL,
  item_key text NOT NULL,
  item jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, source, item_key)
);
CREATE INDEX awaited_company_ref ON awaited_company (portal_id, company_ref);
CREATE INDEX awaited_company_age ON awaited_company (portal_id, received_at);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['success_event', 'awaited_company'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_portal ON %I TO second_order_app
                    USING (portal_id = current_portal())
                    WITH CHECK (portal_id = current_portal())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO second_order_app', t);
  END LOOP;
END $$;
"""


def upgrade() -> None:
    """Add the tables."""
    op.execute(TABLES)
