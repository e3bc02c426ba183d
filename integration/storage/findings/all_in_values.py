"""All-in values of customers (`all_in`): direct, by order, returned to itself, inherited."""

from collections.abc import Collection, Iterable

from integration.storage.database import Row, Transaction, as_json
from mappings.rules.attribution.orders import AllIn

_TOO_MUCH = 1 << 63
_COLUMNS = "company_id, direct_minor, by_order, self_return_minor, inherited_minor"


def store(
    tx: Transaction, company_ids: Collection[int], values: Iterable[AllIn], *, max_order: int
) -> None:
    """Write the values of these companies as differences; one without a won deal has none."""
    asked = set(company_ids)
    rows = [
        {
            "company_id": value.company_id,
            "direct_minor": value.direct_minor,
            "by_order": [value.by_order.get(order, 0) for order in range(2, max_order + 1)],
            "self_return_minor": value.self_return_minor,
            "inherited_minor": value.inherited_minor,
        }
        for value in values
        if value.company_id in asked and _fits(value)
    ]
    tx.run(
        f"""WITH found AS (
              SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                AS t(company_id bigint, direct_minor bigint,
                by_order bigint[], self_return_minor bigint, inherited_minor bigint)),
            gone AS (
              DELETE FROM all_in AS old
              WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
                AND NOT EXISTS (SELECT FROM found WHERE found.company_id = old.company_id))
            INSERT INTO all_in AS mine (portal_id, {_COLUMNS}) SELECT :portal, {_COLUMNS} FROM found
            ON CONFLICT (portal_id, company_id) DO UPDATE SET direct_minor = excluded.direct_minor,
              by_order = excluded.by_order, self_return_minor = excluded.self_return_minor,
              inherited_minor = excluded.inherited_minor
              WHERE (mine.direct_minor, mine.by_order, mine.self_return_minor, mine.inherited_minor)
                IS DISTINCT FROM (excluded.direct_minor, excluded.by_order,
                  excluded.self_return_minor, excluded.inherited_minor)""",
        ids=list(asked),
        rows=as_json(rows),
    )


def _fits(value: AllIn) -> bool:
    """Whether the columns can hold the value.

    What does not fit comes of a mistyped amount, whose company is set aside.
    """
    parts = (
        value.direct_minor,
        value.self_return_minor,
        value.inherited_minor,
        *value.by_order.values(),
    )
    return all(abs(part) < _TOO_MUCH for part in parts)


def of_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, Row]:
    """Return the stored values of these companies."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM all_in
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(company_ids),
    )
    return {row["company_id"]: row for row in rows}
