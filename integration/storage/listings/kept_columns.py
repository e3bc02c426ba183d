"""Kept columns of lists: what deals, people and companies are sorted and filtered by.

They repeat what the mirror, conclusions and the ledger say, so that a page of a list reads a few
rows of one table. Whoever concludes a record keeps its columns in the same transaction.
"""

from collections.abc import Collection, Sequence

from integration.storage.database import Transaction
from integration.storage.ledger.entry_rows import DERIVED, HOME

_LONGEST = 300  # characters of a name that a list can show


def _text(column: str, name: str) -> str:
    return f"left(coalesce({column} ->> '{name}', ''), {_LONGEST})"


def _id(column: str, name: str) -> str:
    # People, providers and other code may write anything where an id belongs.
    return (
        f"CASE WHEN {column} ->> '{name}' ~ '^[0-9]{{1,18}}$'"
        f" THEN CAST({column} ->> '{name}' AS bigint) END"
    )


def _number(name: str, kind: str = "numeric") -> str:
    return (
        f"CASE WHEN desired ->> '{name}' ~ '^-?[0-9]{{1,9}}(\\.[0-9]{{1,6}})?$'"
        f" OR desired ->> '{name}' ~ '^-?[0-9]{{1,15}}(\\.[0-9]{{1,3}})?$' AND '{kind}' = 'numeric'"
        f" THEN CAST(CAST(desired ->> '{name}' AS numeric) AS {kind}) END"
    )


def _day(name: str) -> str:
    return (
        f"CASE WHEN desired ->> '{name}' ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'"
        f" THEN CAST(desired ->> '{name}' AS date) END"
    )


_DEAL_COLUMNS = (
    "name", "pipeline", "stage", "owner_id", "state", "source", "timing", "advocate_id", "sources",
    "booked_minor", "booked_on", "certainty",
)  # fmt: skip
_OLD = ", ".join(f"deal.{name}" for name in _DEAL_COLUMNS)
_NEW = ", ".join(f"now.{name}" for name in _DEAL_COLUMNS)
_RECORD_OF = "substring(desired ->> 'second_order_source_record' FROM '^contact:([0-9]{1,18})$')"


def keep_deals(
    tx: Transaction, deal_ids: Collection[int], home: str, pipelines: Collection[str]
) -> None:
    """Keep what lists show of these deals; *home* and *pipelines* are the account's own.

    An empty *pipelines* means that every pipeline counts.
    """
    if not deal_ids:
        return
    tx.run(
        f"""UPDATE deal SET ({", ".join(_DEAL_COLUMNS)}) = ROW({_NEW})
            FROM (
              SELECT deal.deal_id, {_text("properties", "dealname")} AS name,
                {_text("properties", "pipeline")} AS pipeline,
                {_text("properties", "dealstage")} AS stage,
                {_id("properties", "hubspot_owner_id")} AS owner_id,
                CASE WHEN record.record_id IS NULL OR record.gone_at IS NOT NULL THEN 'gone'
                  WHEN is_won THEN 'won' WHEN is_open THEN 'open'
                  WHEN cardinality(CAST(:pipelines AS text[])) > 0
                    AND coalesce(properties ->> 'pipeline', '') <> ALL(CAST(:pipelines AS text[]))
                    THEN 'left_out'
                  ELSE 'lost' END AS state,
                {_text("desired", "second_order_source")} AS source,
                {_text("desired", "second_order_timing")} AS timing,
                CAST({_RECORD_OF} AS bigint) AS advocate_id,
                (SELECT CAST(count(*) AS int) FROM source
                 WHERE source.portal_id = :portal AND source.deal_id = deal.deal_id) AS sources,
                coalesce((SELECT sum({HOME}) FROM ledger WHERE ledger.portal_id = :portal
                  AND ledger.deal_id = deal.deal_id AND {DERIVED}), 0) AS booked_minor,
                {_day("second_order_booked_on")} AS booked_on,
                {_number("second_order_confidence", "double precision")} AS certainty
              FROM deal
              LEFT JOIN record ON record.portal_id = :portal AND record.object_type = 'deal'
                AND record.record_id = deal.deal_id
              LEFT JOIN conclusion ON conclusion.portal_id = :portal
                AND conclusion.object_type = 'deal' AND conclusion.record_id = deal.deal_id
              WHERE deal.portal_id = :portal AND deal.deal_id = ANY(CAST(:ids AS bigint[]))) AS now
            WHERE deal.portal_id = :portal AND deal.deal_id = now.deal_id
              AND ({_OLD}) IS DISTINCT FROM ({_NEW})""",
        ids=list(deal_ids),
        home=home,
        pipelines=list(pipelines),
    )


_FIRST, _LAST = "properties ->> 'firstname'", "properties ->> 'lastname'"
_CONTACT: Sequence[tuple[str, str]] = (
    ("name", f"left(trim(concat_ws(' ', {_FIRST}, {_LAST})), {_LONGEST})"),
    ("email", _text("properties", "email")),
    ("company_id", _id("properties", "associatedcompanyid")),
    ("owner_id", _id("properties", "hubspot_owner_id")),
    ("role", _text("desired", "second_order_role")),
    ("revenue", f"coalesce({_number('second_order_revenue')}, 0)"),
    ("referrals", f"coalesce({_number('second_order_referrals', 'int')}, 0)"),
    ("moved_on", _day("second_order_moved_at")),
    ("nps", _number("second_order_nps", "int")),
)  # fmt: skip
_COMPANY: Sequence[tuple[str, str]] = (
    ("name", _text("properties", "name")),
    ("domain", _text("properties", "domain")),
    ("owner_id", _id("properties", "hubspot_owner_id")),
    ("band", _text("desired", "second_order_health_band")),
    ("health", _number("second_order_health", "int")),
    ("revenue", f"coalesce({_number('second_order_revenue')}, 0)"),
    ("pipeline", f"coalesce({_number('second_order_pipeline')}, 0)"),
    ("all_in", f"coalesce({_number('second_order_all_in_value')}, 0)"),
    ("deals", f"coalesce({_number('second_order_deals', 'int')}, 0)"),
    ("champions_left", f"coalesce({_number('second_order_champions_left', 'int')}, 0)"),
    ("churn_risk", _number("second_order_churn_risk", "double precision")),
)


def keep_contacts(tx: Transaction, contact_ids: Collection[int]) -> None:
    """Keep what the list of people shows of these contacts; one that says nothing has no row."""
    _keep(tx, "contact", _CONTACT, contact_ids)


def keep_companies(tx: Transaction, company_ids: Collection[int]) -> None:
    """Keep what the list of companies shows of these; one that says nothing has no row."""
    _keep(tx, "company", _COMPANY, company_ids)


def _keep(
    tx: Transaction, kind: str, columns: Sequence[tuple[str, str]], ids: Collection[int]
) -> None:
    if not ids:
        return
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(f"{expression} AS {name}" for name, expression in columns)
    ours = ", ".join(f"mine.{name}" for name, _ in columns)
    theirs = ", ".join(f"excluded.{name}" for name, _ in columns)
    tx.run(
        f"""WITH told AS MATERIALIZED (
              SELECT record_id, {values} FROM record
              JOIN conclusion USING (portal_id, object_type, record_id)
              WHERE portal_id = :portal AND object_type = :kind AND gone_at IS NULL
                AND record_id = ANY(CAST(:ids AS bigint[]))),
            silent AS (
              DELETE FROM listed_{kind} WHERE portal_id = :portal
                AND {kind}_id = ANY(CAST(:ids AS bigint[]))
                AND {kind}_id NOT IN (SELECT record_id FROM told))
            INSERT INTO listed_{kind} AS mine (portal_id, {kind}_id, {names})
            SELECT :portal, record_id, {names} FROM told
            ON CONFLICT (portal_id, {kind}_id) DO UPDATE SET ({names}) = ROW({theirs})
              WHERE ({ours}) IS DISTINCT FROM ({theirs})""",
        kind=kind,
        ids=list(ids),
    )
