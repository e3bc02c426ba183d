"""Who was approached, by a survey or an ask, and who asked not to be asked."""

from alembic import op

revision = "0041"
down_revision = "0040"

TABLES = """
CREATE TABLE approach (
  portal_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('survey', 'ask')),
  approach_key text NOT NULL,          -- of the survey that was sent, or of the ask
  contact_id bigint NOT NULL,          -- below 0: somebody who was forgotten
  company_id bigint,                   -- where they were on that day
  at timestamptz NOT NULL,
  made_by text NOT NULL,
  PRIMARY KEY (portal_id, kind, approach_key)
);
CREATE INDEX approach_contact ON approach (portal_id, contact_id, at);
CREATE INDEX approach_company ON approach (portal_id, company_id, at)
  WHERE company_id IS NOT NULL;

-- One row each time that somebody said so; it is in force until it was withdrawn.
CREATE TABLE do_not_ask (
  portal_id bigint NOT NULL,
  do_not_ask_id bigint GENERATED ALWAYS AS IDENTITY,
  contact_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  made_by text NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by text,
  PRIMARY KEY (portal_id, do_not_ask_id)
);
CREATE UNIQUE INDEX do_not_ask_contact ON do_not_ask (portal_id, contact_id)
  WHERE withdrawn_at IS NULL;

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['approach', 'do_not_ask'] LOOP
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
