"""Deals, people and companies can be listed: what they are sorted and filtered by is kept."""

from alembic import op

revision = "0030"
down_revision = "0029"

TABLES = """
-- What a list of deals shows, sorts and filters by, beside what the rules read of them. A state is
-- empty while the deal was not looked at yet.
ALTER TABLE deal
  ADD COLUMN name text NOT NULL DEFAULT '',
  ADD COLUMN pipeline text NOT NULL DEFAULT '',
  ADD COLUMN stage text NOT NULL DEFAULT '',
  ADD COLUMN owner_id bigint,
  ADD COLUMN state text CHECK (state IN ('won', 'open', 'lost', 'left_out', 'gone')),
  ADD COLUMN source text NOT NULL DEFAULT '',
  ADD COLUMN timing text NOT NULL DEFAULT '',
  ADD COLUMN advocate_id bigint,
  ADD COLUMN sources int NOT NULL DEFAULT 0,
  ADD COLUMN booked_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN booked_on date,
  ADD COLUMN certainty double precision;
CREATE INDEX deal_by_close ON deal
  (portal_id, (coalesce(closed_at, timestamptz '-infinity')), deal_id);
CREATE INDEX deal_by_booked ON deal (portal_id, booked_minor, deal_id);

CREATE TABLE listed_contact (
  portal_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  name text NOT NULL,
  email text NOT NULL,
  company_id bigint,
  owner_id bigint,
  role text NOT NULL,
  revenue numeric NOT NULL,
  referrals int NOT NULL,
  moved_on date,
  nps int,
  PRIMARY KEY (portal_id, contact_id)
);
CREATE INDEX listed_contact_by_revenue ON listed_contact (portal_id, revenue, contact_id);
CREATE INDEX listed_contact_company ON listed_contact (portal_id, company_id);

CREATE TABLE listed_company (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  name text NOT NULL,
  domain text NOT NULL,
  owner_id bigint,
  band text NOT NULL,
  health int,
  revenue numeric NOT NULL,
  pipeline numeric NOT NULL,
  all_in numeric NOT NULL,
  deals int NOT NULL,
  champions_left int NOT NULL,
  PRIMARY KEY (portal_id, company_id)
);
CREATE INDEX listed_company_revenue ON listed_company (portal_id, revenue, company_id);

-- The stages of deal pipelines, as HubSpot calls them.
CREATE TABLE deal_stage (
  portal_id bigint NOT NULL,
  pipeline text NOT NULL,
  stage text NOT NULL,
  pipeline_label text NOT NULL,
  label text NOT NULL,
  place int NOT NULL,
  PRIMARY KEY (portal_id, pipeline, stage)
);

CREATE INDEX move_at ON move (portal_id, (coalesce(latest, earliest, timestamptz '-infinity')));
"""


def upgrade() -> None:
    """Add columns and tables; rows of before are filled while the app works (:mod:`listing`)."""
    op.execute(TABLES)
    for table in ("listed_contact", "listed_company", "deal_stage"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY own_portal ON {table} TO second_order_app
                USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal())"""
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO second_order_app")
