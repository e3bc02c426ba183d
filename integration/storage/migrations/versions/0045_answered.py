"""Every answer to a survey as concluded: whose it is, at which employer, and in which role.

Contacts that answered before the update are concluded once more, which fills the table.
"""

from alembic import op

revision = "0045"
down_revision = "0044"

TABLE = """
CREATE TABLE person_answer (
  portal_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  answer_id text NOT NULL,
  person_id bigint NOT NULL,
  company_id bigint,  -- the employer of that day
  score smallint NOT NULL CHECK (score BETWEEN 0 AND 10),
  answered_at timestamptz NOT NULL,
  decides boolean NOT NULL,  -- a champion or decision maker
  comment text NOT NULL DEFAULT '',
  PRIMARY KEY (portal_id, contact_id, answer_id)
);
CREATE INDEX person_answer_latest ON person_answer (portal_id, person_id, answered_at DESC);
CREATE INDEX person_answer_company ON person_answer (portal_id, company_id, answered_at DESC);
CREATE INDEX person_answer_at ON person_answer (portal_id, answered_at DESC, contact_id);

ALTER TABLE person_answer ENABLE ROW LEVEL SECURITY;
ALTER TABLE person_answer FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON person_answer TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON person_answer TO second_order_app;
"""

QUEUED = """
ALTER TABLE stale NO FORCE ROW LEVEL SECURITY;
ALTER TABLE answer NO FORCE ROW LEVEL SECURITY;
ALTER TABLE association NO FORCE ROW LEVEL SECURITY;
ALTER TABLE record NO FORCE ROW LEVEL SECURITY;
INSERT INTO stale (portal_id, stage, object_type, record_id)
  SELECT portal_id, 3, 'contact', contact_id FROM answer WHERE contact_id IS NOT NULL
  UNION SELECT portal_id, 3, 'contact', to_id FROM association
    WHERE from_type = 'feedback_submission' AND to_type = 'contact'
  UNION SELECT portal_id, 3, 'contact', record_id FROM record
    WHERE object_type = 'contact' AND gone_at IS NULL
      AND (jsonb_exists(properties, 'hs_feedback_last_nps_rating_number')
        OR jsonb_exists(history, 'hs_feedback_last_nps_rating_number'))
  ON CONFLICT DO NOTHING;
ALTER TABLE stale FORCE ROW LEVEL SECURITY;
ALTER TABLE answer FORCE ROW LEVEL SECURITY;
ALTER TABLE association FORCE ROW LEVEL SECURITY;
ALTER TABLE record FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    """Add the table, and queue the contacts whose answers belong in it."""
    op.execute(TABLE)
    op.execute(QUEUED)
