"""Closings of months, and people's orders to judge deals anew."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
-- The log of the books: rows are appended; a month that was opened again says so in a row of its
-- own.
CREATE TABLE closing (
  portal_id bigint NOT NULL,
  closing_id bigint GENERATED ALWAYS AS IDENTITY,
  month date NOT NULL,
  action text NOT NULL, -- close or reopen
  at timestamptz NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (portal_id, closing_id)
);

-- A person's order to judge a deal by what is known now; taken_at says when that was done.
CREATE TABLE rejudgement (
  portal_id bigint NOT NULL,
  rejudgement_id bigint GENERATED ALWAYS AS IDENTITY,
  deal_id bigint NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  taken_at timestamptz,
  PRIMARY KEY (portal_id, rejudgement_id)
);
CREATE INDEX rejudgement_deal ON rejudgement (portal_id, deal_id);

-- Which deal a credit note takes money back from.
CREATE TABLE credit_note (
  portal_id bigint NOT NULL,
  deal_id bigint NOT NULL,
  original_id bigint NOT NULL,
  PRIMARY KEY (portal_id, deal_id)
);
CREATE INDEX credit_note_original ON credit_note (portal_id, original_id);

CREATE INDEX ledger_month ON ledger (portal_id, effective_at);
CREATE INDEX ledger_origin ON ledger (portal_id, origin_at) WHERE origin_at IS NOT NULL;
"""


def upgrade() -> None:
    """Add the tables and close them to other portals."""
    op.execute(TABLES)
    for table in ("closing", "rejudgement", "credit_note"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""CREATE POLICY own_portal ON {table} TO second_order_app
                USING (portal_id = current_portal()) WITH CHECK (portal_id = current_portal())"""
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO second_order_app")
    op.execute("REVOKE UPDATE ON closing FROM second_order_app")
    op.execute(
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app, second_order_service"
    )
