"""Beside a company's keys stands what others quote of it: its name, since when it buys."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Allow the two kinds."""
    op.execute(
        """ALTER TABLE company_key DROP CONSTRAINT company_key_kind_check,
             ADD CONSTRAINT company_key_kind_check
             CHECK (kind IN ('domain', 'name', 'parent', 'former', 'called', 'since'))"""
    )
