"""The ledger knows when a month is closed and what was reported then."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
