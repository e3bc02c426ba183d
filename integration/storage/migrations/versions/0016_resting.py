"""Links of records that are gone rest apart; a merge of long ago need not have a date."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
-- Links with an end that is gone: they count nowhere, and come back with the record.
CREATE TABLE resting_association (LIKE association INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE resting_association ADD PRIMARY KEY
  (portal_id, from_type, from_id, to_type, to_id, category, type_id);
CREATE INDEX resting_association_reverse
  ON resting_association (portal_id, to_type, to_id, from_type, from_id);
ALTER TABLE resting_association ENABLE ROW LEVEL SECURITY;
ALTER TABLE resting_association FORCE ROW LEVEL SECURITY;
CREATE POLICY own_portal ON resting_association TO second_order_app
  USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal());
GRANT SELECT, INSERT, UPDATE, DELETE ON resting_association TO second_order_app;

-- The few records that are gone: asked for whenever links are stored.
CREATE INDEX record_gone ON record (portal_id, object_type, record_id) WHERE gone_at IS NOT NULL;

-- Of records that were merged before the install, HubSpot does not always say when.
ALTER TABLE alias ALTER COLUMN merged_at DROP NOT NULL;
"""


def upgrade() -> None:
    """Add the table. Links that rest already are found by the next reconciliation."""
    op.execute(TABLES)
