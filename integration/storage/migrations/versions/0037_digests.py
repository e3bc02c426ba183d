"""Digests by mail: who wants one how often, and what became of each."""

from alembic import op

revision = "0037"
down_revision = "0036"

TABLES = """
ALTER TABLE lane DROP CONSTRAINT lane_kind_check;
ALTER TABLE lane ADD CONSTRAINT lane_kind_check
  CHECK (kind IN ('drain', 'write', 'import', 'mail'));

CREATE TABLE digest (
  portal_id bigint NOT NULL,
  digest_id bigint GENERATED ALWAYS AS IDENTITY,
  user_id bigint NOT NULL,
  rhythm text NOT NULL CHECK (rhythm IN ('week', 'month')),
  language text NOT NULL,
  made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, digest_id),
  UNIQUE (portal_id, user_id, rhythm)
);

-- One row for each digest and period, whatever becomes of it: no second one is ever made.
CREATE TABLE digest_delivery (
  portal_id bigint NOT NULL,
  user_id bigint NOT NULL,
  rhythm text NOT NULL,
  first_day date NOT NULL,  -- of the week or month
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'sending', 'sent', 'withheld', 'failed', 'unclear')),
  tries int NOT NULL DEFAULT 0,
  trouble text,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, user_id, rhythm, first_day)
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['digest', 'digest_delivery'] LOOP
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
    """Add the tables, and a lane for mail."""
    op.execute(TABLES)
