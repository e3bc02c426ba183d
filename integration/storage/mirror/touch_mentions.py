"""Mentions in activities: notes about records, and first mails with others on them."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from integration.storage.database import Transaction
from integration.storage.mirror.touches import ALIASES_JOINED, NOBODY


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
    AND touch.activity_id = said.activity_id {ALIASES_JOINED}
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
