"""A portal remembers until when it was asked for changes that no webhook tells."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the time; without one the import's end counts."""
    op.execute("ALTER TABLE portal ADD COLUMN caught_up_at timestamptz")
