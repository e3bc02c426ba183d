"""Records are found by the words that people call them by."""

from alembic import op

revision = "0035"
down_revision = "0034"

TABLES = """
-- Words by which records are found, folded to small Latin letters. No trigram or full-text index:
-- what those ask may leak, so that row-level security lets the app use neither (decision 0023).
CREATE TABLE search_word (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  word text COLLATE "C" NOT NULL,
  record_id bigint NOT NULL,
  PRIMARY KEY (portal_id, object_type, word, record_id)
);
CREATE INDEX search_word_record ON search_word (portal_id, object_type, record_id);

-- Records of before this version whose words and list columns are still to be kept, up to last_id.
CREATE TABLE unlisted (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  last_id bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (portal_id, object_type)
);
INSERT INTO unlisted (portal_id, object_type)
  SELECT portal_id, object_type
  FROM portal, unnest(ARRAY['deal', 'company', 'contact']) AS object_type
  WHERE state <> 'uninstalled' OR erasing_since IS NULL;
"""


def upgrade() -> None:
    """Add the tables; what there is already is filled in while the app works."""
    op.execute(TABLES)
    for table in ("search_word", "unlisted"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY own_portal ON {table} TO second_order_app
                USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal())"""
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO second_order_app")
