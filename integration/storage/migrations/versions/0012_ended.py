"""Marks of forgotten people name their key, and portals are erased bit by bit."""

from alembic import op

revision = "0012"
down_revision = "0010"

TABLES = """
-- Without a name: made by a version that had no forget keys, under a key made of its SECRET_KEY.
ALTER TABLE suppression ADD COLUMN key_id text;
-- Since when the rows of an uninstalled portal are being erased; empty again when all are gone.
ALTER TABLE portal ADD COLUMN erasing_since timestamptz;
"""


def upgrade() -> None:
    """Add the columns."""
    op.execute(TABLES)
