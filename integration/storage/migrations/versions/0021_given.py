"""A deal knows since when it is its company's, other than by a merge."""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = """
ALTER TABLE deal ADD COLUMN company_given_at timestamptz;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(TABLES)
