"""A digest may be of a saved report; 0 stands for the overview."""

from alembic import op

revision = "0040"
down_revision = "0039"

TABLES = """
ALTER TABLE digest ADD COLUMN report_id bigint NOT NULL DEFAULT 0;
ALTER TABLE digest DROP CONSTRAINT digest_portal_id_user_id_rhythm_key;
ALTER TABLE digest ADD UNIQUE (portal_id, user_id, rhythm, report_id);
ALTER TABLE digest_delivery ADD COLUMN report_id bigint NOT NULL DEFAULT 0;
ALTER TABLE digest_delivery DROP CONSTRAINT digest_delivery_pkey;
ALTER TABLE digest_delivery ADD PRIMARY KEY (portal_id, user_id, rhythm, report_id, first_day);
"""


def upgrade() -> None:
    """Add what a digest is of."""
    op.execute(TABLES)
