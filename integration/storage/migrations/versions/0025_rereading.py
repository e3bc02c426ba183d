"""A run may read some types alone, because changed settings name more of their properties."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Allow the kind of run."""
    op.execute("ALTER TABLE import_run DROP CONSTRAINT import_run_kind_check")
    # Old rows fit the wider list: they need not be read for it.
    op.execute(
        """ALTER TABLE import_run ADD CONSTRAINT import_run_kind_check
           CHECK (kind IN ('import', 'reconciliation', 'rereading')) NOT VALID"""
    )
