"""Touches (`touch`): what happened with a contact and when; merged ids are resolved on reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from integration.storage.database import Transaction, as_json

ActivityKey = tuple[str, int]
"""An activity: its type and its id."""
NOBODY = 0
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


class MentionedIn(NamedTuple):
    """The text of an activity, and the records the activity was with."""

    activity_type: str
    activity_id: int
    at: datetime
    text: str
    contact_ids: tuple[int, ...]
    company_ids: tuple[int, ...]
    deal_ids: tuple[int, ...]


class Introduction(NamedTuple):
    """A contact's first touch when it is an incoming mail with others on it.

    *sender_id* is None when the sender is not known.
    """

    contact_id: int
    activity_id: int
    at: datetime
    sender_id: int | None
    other_ids: tuple[int, ...]


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
        tx.run(
            f"DELETE FROM touch WHERE portal_id = :portal AND {_THESE}",
            **_named({one.key for one in gone}),
        )
        changed = {one.key for one in gone}
        new |= {one for one in now if one.key in changed}
    if new:
        tx.run(
            f"""INSERT INTO touch (portal_id, {_COLUMNS}) SELECT :portal, {_COLUMNS}
                FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS {_TYPED}
                ORDER BY activity_type, activity_id, contact_id
                ON CONFLICT (portal_id, activity_type, activity_id, contact_id) DO NOTHING""",
            rows=as_json([one._asdict() for one in sorted(new)]),
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
    rows = tx.tuples(
        _AROUND,
        asked=as_json([{"deal": deal, **one._asdict(), "contact_ids": sorted(one.contact_ids)}
                       for deal, one in deals.items()]),
        kinds=list(TOUCHES),
        limit=limit,
        few=max(1, limit // 5),
    )  # fmt: skip
    found: dict[int, dict[tuple[str, int, int], TouchRow]] = {}
    for deal, *row in rows:
        one = TouchRow(*row)
        # Two records that were both there and became one were there once.
        found.setdefault(deal, {})[one.activity_type, one.activity_id, one.contact_id] = one
    return {deal: list(several.values()) for deal, several in found.items()}


TOUCHES = ("meeting", "call", "email", "reply")
"""What counts as having been in touch; a note is ours alone, an automatic reply nobody's."""
_RESOLVED = """touch.activity_type, touch.activity_id, coalesce(person.new_id, touch.contact_id),
  touch.at, touch.kind, coalesce(firm.new_id, touch.company_id), touch.deal_id, touch.inbound,
  touch.two_way"""
_JOINED = """
  LEFT JOIN alias AS person ON person.portal_id = :portal AND person.object_type = 'contact'
    AND person.old_id = touch.contact_id
  LEFT JOIN alias AS firm ON firm.portal_id = :portal AND firm.object_type = 'company'
    AND firm.old_id = touch.company_id"""

_AT_COMPANY = f"""SELECT one.* FROM (
    SELECT wanted.company_id AS id UNION ALL SELECT old_id FROM alias
    WHERE portal_id = :portal AND object_type = 'company' AND new_id = wanted.company_id) AS firm
  CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM touch
    WHERE portal_id = :portal AND company_id = firm.id
      AND kind = ANY(:kinds) AND contact_id <> {NOBODY} AND %s
    ORDER BY at DESC LIMIT :limit) AS one"""
_AROUND = f"""WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(CAST(:asked AS jsonb))
      AS t(deal bigint, company_id bigint, contact_ids bigint[],
        since timestamptz, created_at timestamptz, until timestamptz))
  SELECT wanted.deal, {_RESOLVED} FROM wanted CROSS JOIN LATERAL (
    {_AT_COMPANY % "inbound AND at >= wanted.since AND at < wanted.created_at"}
    UNION {_AT_COMPANY % "at BETWEEN wanted.created_at AND wanted.until"}
    UNION SELECT one.* FROM (
      SELECT unnest(wanted.contact_ids) AS id UNION SELECT old_id FROM alias
      WHERE portal_id = :portal AND object_type = 'contact'
        AND new_id = ANY(wanted.contact_ids)) AS own
    CROSS JOIN LATERAL (
      SELECT {_COLUMNS} FROM touch
      WHERE portal_id = :portal AND contact_id = own.id
        AND kind = ANY(:kinds) AND at BETWEEN wanted.since AND wanted.until
      ORDER BY at DESC LIMIT :few) AS one
    ) AS touch {_JOINED}
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


def two_way_at(
    tx: Transaction, contact_ids: Collection[int]
) -> dict[int, list[tuple[datetime, int | None]]]:
    """Return when each contact was spoken to or wrote, oldest first, and at which company."""
    if not contact_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT coalesce(person.new_id, touch.contact_id), at, coalesce(firm.new_id, company_id)
            FROM touch {_JOINED}
            WHERE touch.portal_id = :portal AND two_way AND contact_id IN (
              SELECT unnest(CAST(:ids AS bigint[])) UNION ALL
              SELECT old_id FROM alias WHERE portal_id = :portal AND object_type = 'contact'
                AND new_id = ANY(CAST(:ids AS bigint[])))
            ORDER BY 1, 2""",
        ids=list(contact_ids),
    )
    found: dict[int, list[tuple[datetime, int | None]]] = {}
    for contact, at, company in rows:
        found.setdefault(contact, []).append((at, company))
    return found


def notes(
    tx: Transaction,
    *,
    contact_ids: Collection[int] = (),
    company_ids: Collection[int] = (),
    deal_ids: Collection[int] = (),
) -> list[MentionedIn]:
    """Return the notes about these records, oldest first, each once, with all its records.

    Of each record the newest fifty; what was written about a merged record is about its
    survivor.
    """
    rows = tx.tuples(
        _NOTES,
        contacts=list(contact_ids),
        companies=list(company_ids),
        deals=list(deal_ids),
        most=_MOST_NOTES,
    )
    return [
        MentionedIn(row[0], row[1], row[2], row[3], *(tuple(ids or ()) for ids in row[4:]))
        for row in rows
    ]


_MOST_NOTES = 50
_FORMER = """SELECT id, id AS one FROM unnest(CAST(:{0} AS bigint[])) AS id
  UNION SELECT new_id, old_id FROM alias
  WHERE portal_id = :portal AND object_type = '{1}' AND new_id = ANY(CAST(:{0} AS bigint[]))"""


def _notes_about(values: str, kind: str) -> str:
    return f"""SELECT note.activity_id FROM ({_FORMER.format(values, kind)}) AS wanted
      CROSS JOIN LATERAL (
        SELECT activity_id FROM touch
        WHERE portal_id = :portal AND {kind}_id = wanted.one AND kind = 'note'
        ORDER BY at DESC LIMIT :most) AS note"""


_NOTES = f"""WITH named AS (
    {_notes_about("contacts", "contact")}
    UNION {_notes_about("companies", "company")}
    UNION {_notes_about("deals", "deal")})
  SELECT touch.activity_type, touch.activity_id, said.at, said.text,
    array_agg(DISTINCT coalesce(person.new_id, contact_id)) FILTER (WHERE contact_id > {NOBODY}),
    array_agg(DISTINCT coalesce(firm.new_id, company_id)) FILTER (WHERE company_id IS NOT NULL),
    array_agg(DISTINCT coalesce(deal.new_id, deal_id)) FILTER (WHERE deal_id IS NOT NULL)
  FROM touch_text AS said
  JOIN touch ON touch.portal_id = :portal AND touch.activity_type = said.activity_type
    AND touch.activity_id = said.activity_id {_JOINED}
  LEFT JOIN alias AS deal ON deal.portal_id = :portal AND deal.object_type = 'deal'
    AND deal.old_id = deal_id
  WHERE said.portal_id = :portal AND said.activity_type = 'note'
    AND said.activity_id IN (SELECT activity_id FROM named)
  GROUP BY touch.activity_type, touch.activity_id, said.at, said.text
  ORDER BY said.at, touch.activity_id"""


def introductions(tx: Transaction, contact_ids: Collection[int]) -> list[Introduction]:
    """Return those of these contacts whose very first touch is an incoming mail with others on it.

    It is the first of all the records that a merged contact was. A record that was on it and
    became the contact itself is nobody else.
    """
    if not contact_ids:
        return []
    rows = tx.tuples(_INTRODUCTIONS, ids=list(contact_ids))
    return [Introduction(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows]


_INTRODUCTIONS = f"""WITH wanted AS ({_FORMER.format("ids", "contact")}),
  first AS (
    SELECT DISTINCT ON (wanted.id) wanted.id, one.* FROM wanted CROSS JOIN LATERAL (
      SELECT activity_type, activity_id, at, kind, inbound FROM touch
      WHERE portal_id = :portal AND contact_id = wanted.one
        AND kind = ANY(ARRAY['meeting', 'call', 'email', 'reply'])
      ORDER BY at, activity_type, activity_id LIMIT 1) AS one
    ORDER BY wanted.id, one.at, one.activity_type, one.activity_id, one.inbound DESC),
  thread AS (
    SELECT first.id, first.activity_id, first.at, coalesce(alias.new_id, contact_id) AS other,
      touch.inbound AS wrote
    FROM first JOIN touch ON touch.portal_id = :portal AND touch.activity_type = first.activity_type
      AND touch.activity_id = first.activity_id AND contact_id > {NOBODY}
    LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'contact'
      AND alias.old_id = contact_id
    WHERE first.kind = 'reply' AND NOT first.inbound)
  SELECT id, activity_id, at, max(other) FILTER (WHERE wrote),
    array_agg(DISTINCT other ORDER BY other)
  FROM thread WHERE other <> id GROUP BY id, activity_id, at ORDER BY id"""


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
