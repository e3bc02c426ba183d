"""What all-in value and orders need to stay quick."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
