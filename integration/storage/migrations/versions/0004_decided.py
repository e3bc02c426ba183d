"""What people decided about identity, moves, referrals and suggestions, and what they are asked."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
-- Questions for a person: open ones, and those whose answer stands. `stake_minor` is the money
-- that hangs on one.
CREATE TABLE review (
  portal_id bigint NOT NULL,
  review_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL
    CHECK (kind IN ('identity', 'move', 'referral', 'suggestion', 'merge', 'rejudge')),
  question text NOT NULL,
  confidence bigint NOT NULL DEFAULT 0,
  stake_minor bigint NOT NULL DEFAULT 0,
  stake_currency text,
  body jsonb NOT NULL DEFAULT '{}',
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  is_open boolean NOT NULL DEFAULT true,
  reopens_at timestamptz,
  PRIMARY KEY (portal_id, review_id),
  UNIQUE (portal_id, kind, question)
);
CREATE INDEX review_open ON review (portal_id, (-stake_minor), (-confidence), review_id)
  WHERE is_open;
CREATE INDEX review_open_kind ON review (portal_id, kind, (-stake_minor), (-confidence), review_id)
  WHERE is_open;
CREATE INDEX review_reopens ON review (portal_id, reopens_at) WHERE reopens_at IS NOT NULL;

-- Which records a question is about; those that weigh say which deals' money is at stake.
CREATE TABLE review_ref (
  portal_id bigint NOT NULL,
  review_id bigint NOT NULL,
  object_type text NOT NULL,
  object_id bigint NOT NULL,
  weighs boolean NOT NULL DEFAULT true,
  PRIMARY KEY (portal_id, review_id, object_type, object_id)
);
CREATE INDEX review_ref_object ON review_ref (portal_id, object_type, object_id);

-- Answers: appended, never edited. Each names the one it replaces, so of two people at once only
-- one is first.
CREATE TABLE decision (
  portal_id bigint NOT NULL,
  decision_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL
    CHECK (kind IN ('identity', 'move', 'referral', 'suggestion', 'merge', 'rejudge')),
  question text NOT NULL,
  verb text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  author text NOT NULL,
  reason text NOT NULL,
  decided_at timestamptz NOT NULL,
  holds_until timestamptz,
  instead_of bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (portal_id, decision_id),
  UNIQUE (portal_id, kind, question, instead_of)
);

CREATE TABLE decision_ref (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  object_id bigint NOT NULL,
  decision_id bigint NOT NULL,
  PRIMARY KEY (portal_id, object_type, object_id, decision_id)
);
CREATE INDEX decision_ref_decision ON decision_ref (portal_id, decision_id);
"""

POLICIES = """
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY ARRAY['review', 'review_ref', 'decision', 'decision_ref'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_portal ON %I TO second_order_app
                    USING (portal_id = current_portal())
                    WITH CHECK (portal_id = current_portal())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO second_order_app', t);
  END LOOP;
END $$;
-- What was decided, when and until when stays; only the words can be blanked, for a person who
-- asks to be forgotten.
REVOKE UPDATE ON decision FROM second_order_app;
GRANT UPDATE (question, detail, author, reason) ON decision TO second_order_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app;
"""


def upgrade() -> None:
    """Create the tables, then close them."""
    op.execute(TABLES)
    op.execute(POLICIES)
