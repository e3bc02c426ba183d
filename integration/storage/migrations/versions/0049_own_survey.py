"""Our own survey: whether an account asks with it, with which key, and who was invited when."""

from alembic import op

revision = "0049"
down_revision = "0048"

TABLES = """
CREATE TABLE survey_setup (
  portal_id bigint PRIMARY KEY,
  is_on boolean NOT NULL,
  link_key text NOT NULL,               -- random; a new one ends all links made with the old
  address text NOT NULL,                -- what links begin with
  asker text NOT NULL DEFAULT '',       -- who asks, as the page names them
  promoter_words text NOT NULL DEFAULT '',
  promoter_link text NOT NULL DEFAULT '',
  by_stage boolean NOT NULL DEFAULT false,  -- a lifecycle stage says who is a customer
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE survey_invitation (
  portal_id bigint NOT NULL,
  contact_id bigint NOT NULL,           -- below 0: somebody who was forgotten
  number int NOT NULL,                  -- the first of this contact, the second, …
  opened_at timestamptz NOT NULL,
  answered_at timestamptz,
  PRIMARY KEY (portal_id, contact_id, number)
);
CREATE INDEX survey_invitation_opened ON survey_invitation (portal_id, opened_at);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['survey_setup', 'survey_invitation'] LOOP
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
