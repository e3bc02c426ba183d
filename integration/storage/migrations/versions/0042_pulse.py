"""The pulse: how the owner of a company says that it goes, one a month."""

from alembic import op

revision = "0042"
down_revision = "0041"

TABLES = """
CREATE TABLE pulse (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  value int NOT NULL CHECK (value BETWEEN 1 AND 5),
  words text NOT NULL DEFAULT '',
  user_id bigint,
  at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, company_id, month)
);

ALTER TABLE pulse ENABLE ROW LEVEL SECURITY;
ALTER TABLE pulse FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON pulse TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON pulse TO second_order_app;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(TABLES)
