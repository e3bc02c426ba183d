"""A patch that was sent may have arrived, even when no answer tells."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Remember when a patch was first sent."""
    op.execute("ALTER TABLE outbox ADD COLUMN sent_at timestamptz")
