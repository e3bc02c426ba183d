"""What was said of each customer a year ago, as far as it can be said from dated facts."""

from alembic import op

revision = "0055"
down_revision = "0054"

TABLE = """
CREATE TABLE back_test (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  as_of timestamptz NOT NULL,
  band text NOT NULL,
  tenths int,  -- the score; NULL: too little was known
  risk_ppm int,
  PRIMARY KEY (portal_id, company_id)
);

ALTER TABLE back_test ENABLE ROW LEVEL SECURITY;
ALTER TABLE back_test FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON back_test TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON back_test TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLE)
