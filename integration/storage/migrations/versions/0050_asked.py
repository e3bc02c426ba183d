"""Whom to ask: how ready people are, what they were asked, and reminders that were done."""

from alembic import op

revision = "0050"
down_revision = "0049"

TABLES = """
-- Concluded of each person who knows us at an active customer.
CREATE TABLE readiness (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  person_id bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('ask_now', 'wait', 'resting', 'never')),
  because text NOT NULL,
  gates text[] NOT NULL,
  opens_at timestamptz,
  win_key text,                        -- the win that counts most; without one no score is kept
  win_points int,                      -- in tenths, as the others
  sentiment_points int,
  health_points int,
  relationship_points int,
  PRIMARY KEY (portal_id, company_id, contact_id)
);
CREATE INDEX readiness_contact ON readiness (portal_id, contact_id);
CREATE INDEX readiness_state ON readiness (portal_id, state, company_id);

CREATE TABLE ask (
  portal_id bigint NOT NULL,
  ask_id bigint GENERATED ALWAYS AS IDENTITY,
  contact_id bigint NOT NULL,          -- below 0: somebody who was forgotten
  company_id bigint NOT NULL,
  owner_id bigint,                     -- whose company it was on that day
  kind text NOT NULL,
  target_contact_id bigint,            -- to whom an introduction was asked for
  win_key text,
  at timestamptz NOT NULL,
  made_by text NOT NULL,
  outcome text CHECK (outcome IN ('introduced', 'agreed', 'declined')),
  outcome_at timestamptz,
  outcome_by text,
  introduced_contact_id bigint,
  PRIMARY KEY (portal_id, ask_id)
);
CREATE INDEX ask_contact ON ask (portal_id, contact_id, at);
CREATE INDEX ask_at ON ask (portal_id, at);
CREATE INDEX ask_introduced ON ask (portal_id, introduced_contact_id)
  WHERE introduced_contact_id IS NOT NULL;

-- Reminders follow from what is known; that one was done is a fact of its own.
CREATE TABLE reminder_done (
  portal_id bigint NOT NULL,
  reminder_key text NOT NULL,
  contact_id bigint,
  done_at timestamptz NOT NULL,
  done_by text NOT NULL,
  PRIMARY KEY (portal_id, reminder_key)
);
CREATE INDEX reminder_done_contact ON reminder_done (portal_id, contact_id)
  WHERE contact_id IS NOT NULL;

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['readiness', 'ask', 'reminder_done'] LOOP
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
