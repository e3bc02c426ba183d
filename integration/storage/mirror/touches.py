"""Touches (`touch`): what happened with a contact and when; merged ids are resolved on reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from integration.storage.database import Transaction, as_json

ActivityKey = tuple[str, int]
"""An activity: its type and its id."""
# The contact of a touch without one: contact_id is part of the table's key and cannot be null.
NOBODY = 0
# Older touches are not kept: no rule looks back further.
WINDOW = timedelta(days=1096)
# So many contacts of one activity are kept: who was in a crowd tells nothing about any of them.
MOST_CONTACTS = 100


class TouchRow(NamedTuple):
    """One activity with one contact; NOBODY where it has none."""

    activity_type: str
    activity_id: int
    contact_id: int
    at: datetime
    kind: str
    company_id: int | None = None
    deal_id: int | None = None
    inbound: bool = False
    two_way: bool = False

    @property
    def key(self) -> ActivityKey:
        """The activity's type and id."""
        return self.activity_type, self.activity_id


class Signs(NamedTuple):
    """A contact's signs of life: two-way touches, own mails, an automatic "no longer here"."""

    contact_id: int
    first_at: datetime | None
    last_at: datetime | None
    last_reply_at: datetime | None
    left_reply_at: datetime | None
    number: int


_COLUMNS = "activity_type, activity_id, contact_id, at, kind, company_id, deal_id, inbound, two_way"
_TYPED = """t(activity_type text, activity_id bigint, contact_id bigint, at timestamptz, kind text,
  company_id bigint, deal_id bigint, inbound boolean, two_way boolean)"""
_THESE = """(activity_type, activity_id) IN (
  SELECT * FROM unnest(CAST(:types AS text[]), CAST(:ids AS bigint[])))"""


def of_activities(tx: Transaction, keys: Collection[ActivityKey]) -> list[TouchRow]:
    """Return the stored touches of these activities."""
    if not keys:
        return []
    rows = tx.tuples(
        f"SELECT {_COLUMNS} FROM touch WHERE portal_id = :portal AND {_THESE}", **_named(keys)
    )
    return [TouchRow(*row) for row in rows]


def replace(
    tx: Transaction, keys: Collection[ActivityKey], rows: Sequence[TouchRow]
) -> list[TouchRow]:
    """Make *rows* all touches of these activities; return every touch that was deleted or added."""
    before, now = set(of_activities(tx, keys)), set(rows)
    gone, new = before - now, now - before
    if gone:
        # An activity that lost a row is deleted whole and written anew.
        changed = {row.key for row in gone}
        tx.run(f"DELETE FROM touch WHERE portal_id = :portal AND {_THESE}", **_named(changed))
        new |= {row for row in now if row.key in changed}
    if new:
        tx.run(
            f"""INSERT INTO touch (portal_id, {_COLUMNS}) SELECT :portal, {_COLUMNS}
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS {_TYPED}
                ORDER BY activity_type, activity_id, contact_id
                ON CONFLICT (portal_id, activity_type, activity_id, contact_id) DO NOTHING""",
            rows=as_json([row._asdict() for row in sorted(new)]),
        )
    return [*gone, *(now - before)]


class Around(NamedTuple):
    """A deal's company and contacts, and the period *since* to *until* around its creation."""

    company_id: int | None
    contact_ids: Collection[int]
    since: datetime
    created_at: datetime
    until: datetime


def of_deal_contacts(
    tx: Transaction, deals: Mapping[int, Around], *, limit: int
) -> dict[int, list[TouchRow]]:
    """Return by deal the touches at its company and with its contacts anywhere, oldest first.

    Before a deal's creation only touches from the company's side count. At most the newest
    *limit* touches of the company before and after it, and a fifth as many of each contact;
    merged ids are given as those of today. One query, whatever the number of deals.
    """
    if not deals:
        return {}
    asked = [
        {"deal": deal, **around._asdict(), "contact_ids": sorted(around.contact_ids)}
        for deal, around in deals.items()
    ]
    rows = tx.tuples(
        _AROUND,
        asked=as_json(asked),
        kinds=list(TOUCHES),
        limit=limit,
        few=max(1, limit // 5),
    )
    by_deal: dict[int, dict[tuple[str, int, int], TouchRow]] = {}
    for deal, *row in rows:
        touch = TouchRow(*row)
        # Two records that were both there and became one were there once.
        key = touch.activity_type, touch.activity_id, touch.contact_id
        by_deal.setdefault(deal, {})[key] = touch
    return {deal: list(several.values()) for deal, several in by_deal.items()}


TOUCHES = ("meeting", "call", "email", "reply")
"""What counts as having been in touch; a note is ours alone, an automatic reply nobody's."""
_RESOLVED = """touch.activity_type, touch.activity_id, coalesce(person.new_id, touch.contact_id),
  touch.at, touch.kind, coalesce(firm.new_id, touch.company_id), touch.deal_id, touch.inbound,
  touch.two_way"""
ALIASES_JOINED = """
  LEFT JOIN alias AS person ON person.portal_id = :portal AND person.object_type = 'contact'
    AND person.old_id = touch.contact_id
  LEFT JOIN alias AS firm ON firm.portal_id = :portal AND firm.object_type = 'company'
    AND firm.old_id = touch.company_id"""

# With somebody of the company; also with who was forgotten since, under a number below 0.
_AT_COMPANY = f"""SELECT touched.* FROM (
    SELECT wanted.company_id AS id UNION ALL SELECT old_id FROM alias
    WHERE portal_id = :portal AND object_type = 'company' AND new_id = wanted.company_id) AS firm
  CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM touch
    WHERE portal_id = :portal AND company_id = firm.id
      AND kind = ANY(:kinds) AND contact_id <> {NOBODY} AND %s
    ORDER BY at DESC LIMIT :limit) AS touched"""
_AROUND = f"""WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(CAST(:asked AS jsonb))
      AS t(deal bigint, company_id bigint, contact_ids bigint[],
        since timestamptz, created_at timestamptz, until timestamptz))
  SELECT wanted.deal, {_RESOLVED} FROM wanted CROSS JOIN LATERAL (
    {_AT_COMPANY % "inbound AND at >= wanted.since AND at < wanted.created_at"}
    UNION {_AT_COMPANY % "at BETWEEN wanted.created_at AND wanted.until"}
    UNION SELECT touched.* FROM (
      SELECT unnest(wanted.contact_ids) AS id UNION SELECT old_id FROM alias
      WHERE portal_id = :portal AND object_type = 'contact'
        AND new_id = ANY(wanted.contact_ids)) AS own
    CROSS JOIN LATERAL (
      SELECT {_COLUMNS} FROM touch
      WHERE portal_id = :portal AND contact_id = own.id
        AND kind = ANY(:kinds) AND at BETWEEN wanted.since AND wanted.until
      ORDER BY at DESC LIMIT :few) AS touched
    ) AS touch {ALIASES_JOINED}
  ORDER BY wanted.deal, touch.at, touch.activity_type, touch.activity_id, touch.contact_id"""


def signs(tx: Transaction, contact_ids: Collection[int], *, until: datetime) -> dict[int, Signs]:
    """Return the signs of life of these contacts, no later than *until*; most have none.

    Before the first pass over activities is through, nobody has any.
    """
    if not contact_ids:
        return {}
    rows = tx.tuples(
        """SELECT coalesce(alias.new_id, contact_id) AS id, min(at) FILTER (WHERE two_way),
             max(at) FILTER (WHERE two_way), max(at) FILTER (WHERE two_way AND kind = 'reply'),
             max(at) FILTER (WHERE kind = 'left_reply'), count(*) FILTER (WHERE two_way)
           FROM touch LEFT JOIN alias ON alias.portal_id = :portal AND object_type = 'contact'
             AND old_id = contact_id
           WHERE touch.portal_id = :portal AND (two_way OR kind = 'left_reply') AND at <= :until
             AND (SELECT bool_and(told) FROM touch_step WHERE portal_id = :portal)
             AND contact_id IN (SELECT unnest(CAST(:ids AS bigint[])) UNION ALL
               SELECT old_id FROM alias WHERE portal_id = :portal AND object_type = 'contact'
                 AND new_id = ANY(CAST(:ids AS bigint[])))
           GROUP BY id""",
        ids=list(contact_ids),
        until=until,
    )
    return {row[0]: Signs(*row) for row in rows}


def two_way(
    tx: Transaction, contact_ids: Collection[int], *, since: datetime, until: datetime
) -> dict[int, list[datetime]]:
    """Return the moments of two-way touches of these contacts, of all before *since* the last.

    Before the first pass over activities is through, nobody has any.
    """
    if not contact_ids:
        return {}
    rows = tx.tuples(
        """SELECT coalesce(alias.new_id, contact_id) AS id,
             array_remove(array_agg(at) FILTER (WHERE at >= :since)
               || max(at) FILTER (WHERE at < :since), NULL)
           FROM touch LEFT JOIN alias ON alias.portal_id = :portal AND object_type = 'contact'
             AND old_id = contact_id
           WHERE touch.portal_id = :portal AND two_way AND at <= :until
             AND (SELECT bool_and(told) FROM touch_step WHERE portal_id = :portal)
             AND contact_id IN (SELECT unnest(CAST(:ids AS bigint[])) UNION ALL
               SELECT old_id FROM alias WHERE portal_id = :portal AND object_type = 'contact'
                 AND new_id = ANY(CAST(:ids AS bigint[])))
           GROUP BY id""",
        ids=list(contact_ids),
        since=since,
        until=until,
    )
    return dict(rows)


def prune(tx: Transaction, *, before: datetime, limit: int = 50_000) -> int:
    """Delete touches older than *before*; return how many went, no more than *limit* at a time."""
    gone = tx.run(
        """DELETE FROM touch WHERE portal_id = :portal AND ctid = ANY(ARRAY(
             SELECT ctid FROM touch WHERE portal_id = :portal AND at < :before LIMIT :limit))""",
        before=before,
        limit=limit,
    )
    tx.run("DELETE FROM touch_text WHERE portal_id = :portal AND at < :before", before=before)
    return gone


def any_left(tx: Transaction) -> bool:
    """Whether this portal has any touch or any pass over its activities."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM touch WHERE portal_id = :portal)
                 OR EXISTS (SELECT FROM touch_step WHERE portal_id = :portal)"""
        )
    )


def drop(tx: Transaction, *, limit: int = 50_000) -> bool:
    """Delete a portal's touches, *limit* at a time; return whether some are left."""
    tx.run("DELETE FROM touch_step WHERE portal_id = :portal")
    tx.run("DELETE FROM touch_text WHERE portal_id = :portal")
    gone = tx.run(
        """DELETE FROM touch WHERE portal_id = :portal AND ctid = ANY(ARRAY(
             SELECT ctid FROM touch WHERE portal_id = :portal LIMIT :limit))""",
        limit=limit,
    )
    return gone >= limit


def _named(keys: Collection[ActivityKey]) -> dict[str, list[object]]:
    return {"types": [key[0] for key in keys], "ids": [key[1] for key in keys]}
