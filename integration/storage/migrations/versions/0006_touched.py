"""Activities of contacts are kept as touches."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
-- One activity with one contact: when, what, which way. 0 stands for an activity that names no
-- contact.
CREATE TABLE touch (
  portal_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  at timestamptz NOT NULL,
  activity_id bigint NOT NULL,
  activity_type text NOT NULL,
  kind text NOT NULL,
  company_id bigint,
  deal_id bigint,
  inbound boolean NOT NULL DEFAULT false,
  two_way boolean NOT NULL DEFAULT false,
  PRIMARY KEY (portal_id, activity_type, activity_id, contact_id)
);
CREATE INDEX touch_contact ON touch (portal_id, contact_id, at);
CREATE INDEX touch_company ON touch (portal_id, company_id, at) WHERE company_id IS NOT NULL;
CREATE INDEX touch_sign ON touch (portal_id, contact_id, at) WHERE two_way OR kind = 'left_reply';
CREATE INDEX touch_told ON touch (portal_id, contact_id)
  WHERE kind = 'note' OR (kind = 'reply' AND NOT inbound);
CREATE INDEX touch_note ON touch (portal_id, deal_id) WHERE kind = 'note' AND deal_id IS NOT NULL;
CREATE INDEX touch_at ON touch USING brin (at);

-- The few texts that a rule reads: first words of notes, and automatic replies that say that
-- somebody left.
CREATE TABLE touch_text (
  portal_id bigint NOT NULL,
  activity_type text NOT NULL,
  activity_id bigint NOT NULL,
  at timestamptz NOT NULL,
  text text NOT NULL CHECK (length(text) <= 2000),
  PRIMARY KEY (portal_id, activity_type, activity_id)
);

-- How far the first pass over a portal's activities is. While any is not done, nothing is
-- concluded from them.
CREATE TABLE touch_step (
  portal_id bigint NOT NULL,
  activity_type text NOT NULL,
  cursor text,
  done boolean NOT NULL DEFAULT false,
  told boolean NOT NULL DEFAULT false,
  records bigint NOT NULL DEFAULT 0,
  calls bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, activity_type)
);
"""

POLICIES = """
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['touch', 'touch_text', 'touch_step']
  LOOP
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
    """Make the tables, then close them."""
    op.execute(TABLES)
    op.execute(POLICIES)
