"""A first pass over activities notes when all deals were judged with what it read."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Passes that began before count as weighed: what was final under them stays."""
    op.execute("ALTER TABLE touch_step ADD COLUMN weighed boolean NOT NULL DEFAULT true")
