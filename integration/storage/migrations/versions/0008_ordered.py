"""Lifetime value knows inherited credit, and each customer's all-in value is kept as numbers."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
ALTER TABLE edge ADD COLUMN inherited boolean NOT NULL DEFAULT false;
-- One number for each order from 2 on; values overlap between companies and are never added up.
CREATE TABLE all_in (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  direct_minor bigint NOT NULL,
  by_order bigint[] NOT NULL,
  self_return_minor bigint NOT NULL,
  inherited_minor bigint NOT NULL,
  PRIMARY KEY (portal_id, company_id)
);
ALTER TABLE all_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE all_in FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON all_in TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON all_in TO second_order_app;
"""


def upgrade() -> None:
    """Mark edges, keep values."""
    op.execute(TABLES)
