"""Texts are labelled with the classifier's version."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
