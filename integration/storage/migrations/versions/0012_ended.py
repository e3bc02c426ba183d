"""Marks of forgotten people name their key."""

from alembic import op

revision = "0012"
down_revision = "0010"

TABLES = """
-- Without a name: made by a version that had no forget keys, under a key made of its SECRET_KEY.
ALTER TABLE suppression ADD COLUMN key_id text;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(TABLES)
