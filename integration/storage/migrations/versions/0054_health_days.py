"""Every day of every customer's health, a month in a row, and how far a night's pass has come."""

from alembic import op

revision = "0054"
down_revision = "0053"

TABLES = """
ALTER TABLE lane DROP CONSTRAINT lane_kind_check;
ALTER TABLE lane ADD CONSTRAINT lane_kind_check
  CHECK (kind IN ('drain', 'write', 'import', 'mail', 'days'));

-- The n-th of each is the n-th of the month. By month first: most is asked of a day of all.
CREATE TABLE health_month (
  portal_id bigint NOT NULL,
  month date NOT NULL,
  company_id bigint NOT NULL,
  facts bigint NOT NULL,  -- a digest of the facts of the month, and of those without a date
  touches bigint NOT NULL,  -- the same of touches, which are not kept as long
  tenths smallint[] NOT NULL,  -- NULL while too little is known
  bands text NOT NULL,  -- a letter a day
  coverage bytea NOT NULL,  -- a byte a day, in percent
  factors bytea NOT NULL,  -- five bytes a day, 255 where one is not known
  touched_at timestamptz,  -- the last two-way touch before the last of these days ended
  is_active boolean NOT NULL,  -- on the last of these days
  PRIMARY KEY (portal_id, month, company_id)
);

-- The pass that brings all customers up to a day.
CREATE TABLE health_pass (
  portal_id bigint PRIMARY KEY,
  through date NOT NULL,
  after_company bigint NOT NULL DEFAULT 0,
  is_done boolean NOT NULL DEFAULT false,
  ended_at timestamptz
);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['health_month', 'health_pass'] LOOP
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
    """Add the tables, and a lane of their own."""
    op.execute(TABLES)
