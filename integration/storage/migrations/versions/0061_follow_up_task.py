"""Tasks in HubSpot for follow-ups, where an admin switched them on."""

from alembic import op

revision = "0061"
down_revision = "0060"

TABLES = """
CREATE TABLE follow_up_setup (
  portal_id bigint PRIMARY KEY,
  makes_tasks boolean NOT NULL,
  tasks_a_day int NOT NULL CHECK (tasks_a_day BETWEEN 1 AND 1000),
  since timestamptz NOT NULL,           -- what was opened before gets no task
  looked_at timestamptz,                -- when HubSpot was last asked which are completed
  changed_by text NOT NULL
);

CREATE TABLE follow_up_task (
  portal_id bigint NOT NULL,
  follow_up_id bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('sending', 'made', 'done', 'refused')),
  task_id bigint,
  sent_at timestamptz NOT NULL,
  trouble text,
  PRIMARY KEY (portal_id, follow_up_id),
  CHECK (state IN ('sending', 'refused') OR task_id IS NOT NULL)
);
CREATE INDEX follow_up_task_sent ON follow_up_task (portal_id, sent_at);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['follow_up_setup', 'follow_up_task'] LOOP
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
