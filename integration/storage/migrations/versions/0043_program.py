"""The referral program: personal links with their visits, rewards, and who is held back."""

from alembic import op

revision = "0043"
down_revision = "0042"

TABLES = """
CREATE TABLE referral_program (
  portal_id bigint PRIMARY KEY,
  is_on boolean NOT NULL,
  targets text[] NOT NULL,       -- our customer's own addresses; the first is the usual one
  campaign text NOT NULL,
  parameter text NOT NULL,       -- the field of the customer's form that takes the code
  gives_champions boolean NOT NULL,
  link_base text NOT NULL,       -- what stands before a code in a link
  board_code text,               -- of the public leaderboard; null: there is none
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE referral_code (
  portal_id bigint NOT NULL,
  code text NOT NULL,
  contact_id bigint NOT NULL,
  target text NOT NULL DEFAULT '',  -- one of the program's; empty: the usual one
  visits bigint NOT NULL DEFAULT 0,
  public_name text,              -- what the person agreed to be called in public; null: nothing
  made_by text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_by text,
  revoked_at timestamptz,
  PRIMARY KEY (portal_id, code)
);
CREATE INDEX referral_code_contact ON referral_code (portal_id, contact_id);
CREATE INDEX referral_code_visits ON referral_code (portal_id, visits, code);

-- All that is kept of visits: how many on which day.
CREATE TABLE referral_visit (
  portal_id bigint NOT NULL,
  code text NOT NULL,
  day date NOT NULL,
  visits bigint NOT NULL,
  PRIMARY KEY (portal_id, code, day)
);

CREATE TABLE reward (
  portal_id bigint NOT NULL,
  reward_id bigint GENERATED ALWAYS AS IDENTITY,
  contact_id bigint,             -- null once the person was forgotten: what was spent stays
  target text NOT NULL,          -- "deal:12" or "contact:12": for what
  source text NOT NULL,          -- the kind of source that brought it
  kind text NOT NULL,
  minor bigint NOT NULL CHECK (minor > 0),
  currency text NOT NULL,
  approved_by text NOT NULL,
  approved_at timestamptz NOT NULL,
  paid_on date,
  paid_by text,
  withdrawn_at timestamptz,
  withdrawn_by text,
  PRIMARY KEY (portal_id, reward_id)
);
CREATE INDEX reward_contact ON reward (portal_id, contact_id);
CREATE INDEX reward_approved ON reward (portal_id, approved_at);
CREATE UNIQUE INDEX reward_once ON reward (portal_id, contact_id, target)
  WHERE withdrawn_at IS NULL;

-- Each time an admin lets a share of ready people be held back, with the seed of that lot.
CREATE TABLE hold_back (
  portal_id bigint NOT NULL,
  hold_back_id bigint GENERATED ALWAYS AS IDENTITY,
  share int NOT NULL CHECK (share > 0 AND share < 1000000),  -- ppm
  seed text NOT NULL,
  started_by text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_by text,
  ended_at timestamptz,
  PRIMARY KEY (portal_id, hold_back_id)
);
CREATE UNIQUE INDEX hold_back_running ON hold_back (portal_id) WHERE ended_at IS NULL;

-- Who became ready to be asked meanwhile, when first, and on which side the lot put them.
CREATE TABLE ask_trial (
  portal_id bigint NOT NULL,
  hold_back_id bigint NOT NULL,
  person_id bigint NOT NULL,     -- the lowest number of all the person's records
  ready_at timestamptz NOT NULL,
  arm text NOT NULL CHECK (arm IN ('asked', 'held_back')),
  PRIMARY KEY (portal_id, hold_back_id, person_id)
);
CREATE INDEX ask_trial_person ON ask_trial (portal_id, person_id);

DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['referral_program', 'referral_code', 'referral_visit', 'reward',
      'hold_back', 'ask_trial'] LOOP
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
