"""Survey tools sign their answers; an answer says how it was matched, and waits if it was not."""

from alembic import op

revision = "0047"
down_revision = "0046"

TABLES = """
-- A survey whose answers a tool sends, by its name in the address. The fields are the names of its
-- questions and hidden fields; empty: found by their usual names.
CREATE TABLE survey_source (
  portal_id bigint NOT NULL,
  source text NOT NULL,
  tool text NOT NULL,
  score_field text NOT NULL DEFAULT '',
  comment_field text NOT NULL DEFAULT '',
  contact_field text NOT NULL DEFAULT '',
  email_field text NOT NULL DEFAULT '',
  token_field text NOT NULL DEFAULT '',
  made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, source)
);

-- The secrets by which its messages are proved: the current one, and earlier ones until their end.
CREATE TABLE survey_secret (
  portal_id bigint NOT NULL,
  source text NOT NULL,
  digest bytea NOT NULL,
  sealed bytea NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamptz,
  PRIMARY KEY (portal_id, source, digest)
);

-- While no contact is known, `named_id` and `email` say who answered. A dismissed answer keeps
-- neither: only that it is not asked about again.
ALTER TABLE answer
  ADD COLUMN named_id bigint,
  ADD COLUMN external_id text,
  ADD COLUMN matched_by text CHECK (matched_by IN ('id', 'mail', 'token', 'hand')),
  ADD COLUMN received_at timestamptz,
  ADD COLUMN dismissed_at timestamptz,
  ADD COLUMN dismissed_by text,
  ADD COLUMN dismissed_because text;
ALTER TABLE answer ALTER COLUMN received_at SET DEFAULT clock_timestamp();
CREATE INDEX answer_waiting ON answer (portal_id, at DESC, source, answer_key)
  WHERE contact_id IS NULL AND dismissed_at IS NULL;
CREATE INDEX answer_waiting_mail ON answer (portal_id, email)
  WHERE contact_id IS NULL AND dismissed_at IS NULL;
CREATE INDEX answer_waiting_id ON answer (portal_id, named_id)
  WHERE contact_id IS NULL AND dismissed_at IS NULL AND named_id IS NOT NULL;

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['survey_source', 'survey_secret'] LOOP
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
    """Add the tables, and what an answer says of how it was matched."""
    op.execute(TABLES)
