"""A reward is for a referral; the deal that it brought is noted beside it."""

from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    """Add the deal."""
    op.execute("ALTER TABLE reward ADD COLUMN deal_id bigint")
