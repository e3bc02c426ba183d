"""Texts of activities (`touch_text`): kept while a rule reads them, gone with whom they name."""

from collections.abc import Collection, Mapping
from datetime import datetime

from integration.storage.database import Transaction, as_json
from integration.storage.mirror.touches import ActivityKey

_THESE = """(activity_type, activity_id) IN (
  SELECT * FROM unnest(CAST(:types AS text[]), CAST(:ids AS bigint[])))"""


def keep(
    tx: Transaction,
    keys: Collection[ActivityKey],
    texts: Mapping[ActivityKey, tuple[datetime, str]],
) -> set[ActivityKey]:
    """Make *texts* all stored texts of these activities; return the activities that changed."""
    if not keys:
        return set()
    rows = tx.tuples(
        f"""SELECT activity_type, activity_id, text FROM touch_text
            WHERE portal_id = :portal AND {_THESE}""",
        **_named(keys),
    )
    before = {(activity_type, activity_id): text for activity_type, activity_id, text in rows}
    now = {key: text for key, (_, text) in texts.items()}
    changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    if not changed:
        return changed
    tx.run(
        f"DELETE FROM touch_text WHERE portal_id = :portal AND {_THESE}",
        **_named(changed & before.keys()),
    )
    tx.run(
        """INSERT INTO touch_text (portal_id, activity_type, activity_id, at, text)
           SELECT :portal, activity_type, activity_id, at, text
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(activity_type text, activity_id bigint, at timestamptz, text text)
           ON CONFLICT (portal_id, activity_type, activity_id)
           DO UPDATE SET text = excluded.text, at = excluded.at""",
        rows=as_json([_text_row(key, *texts[key]) for key in sorted(changed & texts.keys())]),
    )
    return changed


def _text_row(key: ActivityKey, at: datetime, text: str) -> dict[str, object]:
    return {"activity_type": key[0], "activity_id": key[1], "at": at, "text": text}


def _named(keys: Collection[ActivityKey]) -> dict[str, list[object]]:
    return {"types": [key[0] for key in keys], "ids": [key[1] for key in keys]}
