"""Files of survey answers: each row with what becomes of it, imported in the background."""

from alembic import op

revision = "0059"
down_revision = "0058"

TABLES = """
ALTER TABLE lane DROP CONSTRAINT lane_kind_check;
ALTER TABLE lane ADD CONSTRAINT lane_kind_check
  CHECK (kind IN ('drain', 'write', 'import', 'mail', 'days', 'upload'));

-- A file that somebody uploaded. Columns are places in the head, from 0.
CREATE TABLE answer_upload (
  portal_id bigint NOT NULL,
  upload_id bigint GENERATED ALWAYS AS IDENTITY,
  source text NOT NULL,
  file_name text NOT NULL,
  encoding text NOT NULL,
  delimiter text NOT NULL,
  head text[] NOT NULL,
  score_column int,
  contact_column int,
  email_column int,
  token_column int,
  at_column int,
  comment_column int,
  key_column int,
  is_day_first boolean,
  state text NOT NULL DEFAULT 'read'
    CHECK (state IN ('read', 'checking', 'checked', 'importing', 'done')),
  rows int NOT NULL,
  next_row int NOT NULL DEFAULT 0,  -- rows up to here are checked, or imported
  made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, upload_id)
);

-- Its rows, numbered as in the file. The cells go when the row was imported, and whatever tells of
-- somebody when they are forgotten.
CREATE TABLE answer_upload_row (
  portal_id bigint NOT NULL,
  upload_id bigint NOT NULL,
  row_number int NOT NULL,
  cells jsonb,
  outcome text CHECK (outcome IN
    ('new', 'changed', 'same', 'older', 'waiting', 'twice', 'forgotten', 'refused')),
  reason text NOT NULL DEFAULT '',
  answer_key text,
  score int,
  at timestamptz,
  contact_id bigint,
  email text,
  comment text,
  PRIMARY KEY (portal_id, upload_id, row_number)
);
CREATE INDEX answer_upload_row_key ON answer_upload_row (portal_id, upload_id, answer_key)
  WHERE answer_key IS NOT NULL;

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['answer_upload', 'answer_upload_row'] LOOP
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
    """Add the tables, and a lane for uploads."""
    op.execute(TABLES)
