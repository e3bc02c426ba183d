"""Questions of the set-up page; an import notes when it had counted who is a customer."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = """
CREATE TABLE setup_question (
  portal_id bigint NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,  -- what it is about among the questions of its kind: a property, a label
  body jsonb NOT NULL,
  blocks boolean NOT NULL,  -- whether writing waits for the answer
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz,  -- when the proposal is taken instead of an answer; empty: never
  answer text[],
  answered_by text,
  answered_at timestamptz,
  settings_version integer,
  PRIMARY KEY (portal_id, kind, key)
);
ALTER TABLE setup_question ENABLE ROW LEVEL SECURITY;
ALTER TABLE setup_question FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON setup_question TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON setup_question TO second_order_app;

-- The earliest due_at of open questions: the calendar looks here, and sees no question.
ALTER TABLE portal ADD COLUMN answer_due_at timestamptz;
ALTER TABLE import_run ADD COLUMN counted_at timestamptz;
-- Who was imported before this version is not asked: their values are written already.
UPDATE import_run SET counted_at = finished_at WHERE state = 'done';
"""


def upgrade() -> None:
    """Add the table and the columns."""
    op.execute(TABLES)
