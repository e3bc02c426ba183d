"""What people decided about identity, moves, referrals and suggestions."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
