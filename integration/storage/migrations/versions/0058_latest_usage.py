"""Which metrics products send, and when last, is read by an index."""

from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    """Add the index."""
    op.execute("CREATE INDEX usage_latest ON usage (portal_id, metric, at)")
