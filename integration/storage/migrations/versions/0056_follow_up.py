"""Follow-ups: what somebody has to look into, by when, whose it is, and why it was closed."""

from alembic import op

revision = "0056"
down_revision = "0055"

TABLES = """
CREATE TABLE follow_up (
  portal_id bigint NOT NULL,
  follow_up_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('answer', 'gap')),
  contact_id bigint,                     -- of an answer: who gave it
  company_id bigint,                     -- the employer of that day, or the company of a gap
  score smallint CHECK (score BETWEEN 0 AND 8),
  answered_at timestamptz,               -- the last neutral or detractor answer
  later_score smallint,                  -- a better one since
  later_at timestamptz,
  gap smallint,                          -- steps by which the owner is more hopeful
  month date,                            -- of the pulse
  is_withdrawn boolean NOT NULL DEFAULT false,
  opened_at timestamptz NOT NULL,
  due_on date NOT NULL,                  -- in the account's time zone
  due_at timestamptz NOT NULL,           -- the end of that day
  owner_id bigint,
  is_reassigned boolean NOT NULL DEFAULT false,
  closed_at timestamptz,
  closed_by text,
  tag text,
  words text NOT NULL DEFAULT '',
  PRIMARY KEY (portal_id, follow_up_id),
  CHECK ((kind = 'answer') = (score IS NOT NULL AND answered_at IS NOT NULL)),
  CHECK ((kind = 'gap') = (gap IS NOT NULL AND month IS NOT NULL AND company_id IS NOT NULL)),
  CHECK ((closed_at IS NULL) = (tag IS NULL))
);
CREATE INDEX follow_up_open ON follow_up (portal_id, due_at) WHERE closed_at IS NULL;
CREATE INDEX follow_up_contact ON follow_up (portal_id, contact_id);
CREATE INDEX follow_up_company ON follow_up (portal_id, company_id);

CREATE TABLE follow_up_tag (
  portal_id bigint NOT NULL,
  tag_id bigint GENERATED ALWAYS AS IDENTITY,
  label text NOT NULL,
  is_retired boolean NOT NULL DEFAULT false,
  PRIMARY KEY (portal_id, tag_id),
  UNIQUE (portal_id, label)
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['follow_up', 'follow_up_tag'] LOOP
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
