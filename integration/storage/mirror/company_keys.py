"""Company keys (`company_key`): names, domains and parents, for indexed look-ups."""

from collections.abc import Collection, Mapping

from integration.storage.database import AS_WRITTEN, Transaction, as_json

CompanyKey = tuple[str, str]
# Of a company's parents; people can enter parents that run in a circle.
_MOST_LEVELS = 8


def keys_of(tx: Transaction, company_ids: Collection[int]) -> dict[int, set[CompanyKey]]:
    """Return the stored keys of each of these companies."""
    rows = tx.rows(
        """SELECT company_id, kind, value FROM company_key
           WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(company_ids),
    )
    by_company: dict[int, set[CompanyKey]] = {}
    for row in rows:
        by_company.setdefault(row["company_id"], set()).add((row["kind"], row["value"]))
    return by_company


def change_keys(
    tx: Transaction,
    *,
    gone: Mapping[int, Collection[CompanyKey]],
    new: Mapping[int, Collection[CompanyKey]],
) -> None:
    """Delete keys of companies and add others."""
    columns = "t(company_id bigint, kind text, value text)"
    if any(gone.values()):
        tx.run(
            f"""DELETE FROM company_key AS old
                USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS {columns}
                WHERE old.portal_id = :portal AND old.company_id = t.company_id
                  AND old.kind = t.kind
                  AND old.value = t.value""",
            rows=_rows(gone),
        )
    if any(new.values()):
        tx.run(
            f"""INSERT INTO company_key (portal_id, company_id, kind, value)
                SELECT :portal, company_id, kind, value
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS {columns}
                ON CONFLICT DO NOTHING""",
            rows=_rows(new),
        )


def _rows(keys: Mapping[int, Collection[CompanyKey]]) -> str:
    return as_json(
        [
            {"company_id": company_id, "kind": kind, "value": value}
            for company_id, company_keys in keys.items()
            for kind, value in company_keys
        ]
    )


def reach(
    tx: Transaction, company_ids: Collection[int], domains: Collection[str], names: Collection[str]
) -> set[int]:
    """Return these companies, those with one of the domains or plain names, and their kin.

    Kin are what any of them were merged into, and their parents up to the top. Looked up key by
    key (AS_WRITTEN), so that no portal's keys are all read.
    """
    rows = tx.tuples(
        f"""WITH RECURSIVE up(id, depth) AS (
              SELECT id, 0 FROM (
                SELECT unnest(CAST(:ids AS bigint[])) AS id
                UNION
                SELECT them.company_id
                FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS t(kind, value)
                CROSS JOIN LATERAL (
                  SELECT company_id FROM company_key AS mine
                  WHERE mine.portal_id = :portal AND mine.kind = t.kind
                    AND mine.value = t.value {AS_WRITTEN}) AS them
              ) AS start
              UNION
              SELECT step.id, up.depth + 1 FROM up CROSS JOIN LATERAL (
                SELECT CAST(value AS bigint) AS id FROM (
                  SELECT kind, value FROM company_key
                  WHERE portal_id = :portal AND company_id = up.id {AS_WRITTEN}) AS own
                WHERE kind = 'parent'
                UNION ALL
                (SELECT new_id FROM alias
                 WHERE portal_id = :portal AND object_type = 'company'
                   AND old_id = up.id {AS_WRITTEN})
              ) AS step WHERE up.depth < :levels)
            SELECT DISTINCT id FROM up""",
        ids=list(company_ids),
        levels=_MOST_LEVELS,
        kinds=["domain"] * len(domains) + ["name"] * len(names),
        values=[*domains, *names],
    )
    return {row[0] for row in rows}


def below(tx: Transaction, company_ids: Collection[int]) -> set[int]:
    """Return the companies under these, however far down."""
    rows = tx.tuples(
        """WITH RECURSIVE down(id, depth) AS (
             SELECT id, 0 FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION
             SELECT company_id, down.depth + 1 FROM down JOIN company_key
               ON portal_id = :portal AND kind = 'parent' AND value = CAST(down.id AS text)
               WHERE down.depth < :levels)
           SELECT DISTINCT id FROM down WHERE depth > 0""",
        ids=list(company_ids),
        levels=_MOST_LEVELS,
    )
    return {row[0] for row in rows}
