"""Details of found records: what tells each from its namesakes, in one query a type."""

from collections.abc import Collection, Mapping

from integration.storage.database import Row, Transaction
from mappings.kinds import ObjectType

_EMPLOYER = """(SELECT company.properties ->> 'name' FROM record AS company
  WHERE company.portal_id = :portal AND company.object_type = 'company'
    AND company.gone_at IS NULL AND company.record_id = {id})"""
_LINKED_ID = """CASE WHEN found.properties ->> 'associatedcompanyid' ~ '^[0-9]{1,18}$'
  THEN CAST(found.properties ->> 'associatedcompanyid' AS bigint) END"""
_THESE = """WHERE found.portal_id = :portal AND found.object_type = :type
  AND found.gone_at IS NULL AND found.record_id = ANY(CAST(:ids AS bigint[]))"""
_DETAILS: Mapping[str, str] = {
    ObjectType.CONTACT: f"""SELECT record_id,
        trim(concat_ws(' ', found.properties ->> 'firstname', found.properties ->> 'lastname'))
          AS name,
        found.properties ->> 'email' AS address,
        coalesce({_EMPLOYER.format(id=_LINKED_ID)}, found.properties ->> 'company') AS company,
        listed.role, listed.owner_id, coalesce(listed.revenue, 0) AS weight
      FROM record AS found LEFT JOIN listed_contact AS listed
        ON listed.portal_id = :portal AND listed.contact_id = record_id
      {_THESE}""",
    ObjectType.COMPANY: f"""SELECT record_id, found.properties ->> 'name' AS name,
        found.properties ->> 'domain' AS address, listed.band,
        listed.owner_id, coalesce(listed.revenue, 0) AS weight
      FROM record AS found LEFT JOIN listed_company AS listed
        ON listed.portal_id = :portal AND listed.company_id = record_id
      {_THESE}""",
    ObjectType.DEAL: f"""SELECT record_id, found.properties ->> 'dealname' AS name,
        '' AS address, {_EMPLOYER.format(id="deal.company_id")} AS company, deal.state,
        deal.pipeline, deal.stage, deal.owner_id, deal.amount_minor, deal.currency,
        coalesce(deal.booked_minor, 0) AS weight
      FROM record AS found LEFT JOIN deal
        ON deal.portal_id = :portal AND deal.deal_id = record_id
      {_THESE}""",
}


def of(tx: Transaction, object_type: str, record_ids: Collection[int]) -> dict[int, Row]:
    """Return the living ones of these records by id."""
    if not record_ids:
        return {}
    rows = tx.rows(_DETAILS[object_type], type=object_type, ids=list(record_ids))
    return {row["record_id"]: row for row in rows}
