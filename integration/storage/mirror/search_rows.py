"""Search words of records (`search_word`): kept with the mirror, found by their beginnings."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from integration.storage.database import AS_WRITTEN, Transaction

# Of a word that many thousands share, so many are looked at: nobody reads more.
_MOST_HELD: Final = 100_000
# Behind every small letter and digit: a word and all that begin with it lie below.
_END: Final = "chr(123)"

Words = Mapping[int, Collection[str]]


def keep(tx: Transaction, object_type: str, words: Words) -> None:
    """Keep the words by which these records are found; others that they had go."""
    if not words:
        return
    ids = [record_id for record_id, own in words.items() for _ in own]
    texts = [word for own in words.values() for word in own]
    tx.run(
        """WITH now AS MATERIALIZED (
             SELECT * FROM unnest(CAST(:of AS bigint[]), CAST(:texts AS text[]))
               AS t(record_id, word)),
           gone AS (
             DELETE FROM search_word AS old WHERE portal_id = :portal AND object_type = :type
               AND record_id = ANY(CAST(:ids AS bigint[]))
               AND (record_id, word) NOT IN (SELECT record_id, word FROM now))
           INSERT INTO search_word (portal_id, object_type, word, record_id)
           SELECT :portal, :type, word, record_id FROM now
           ON CONFLICT DO NOTHING""",
        type=object_type,
        ids=list(words),
        of=ids,
        texts=texts,
    )


def forget(tx: Transaction, object_type: str, record_ids: Collection[int]) -> None:
    """Have nobody find these records any more."""
    tx.run(
        """DELETE FROM search_word WHERE portal_id = :portal AND object_type = :type
             AND record_id = ANY(CAST(:ids AS bigint[]))""",
        type=object_type,
        ids=list(record_ids),
    )


def beginning(
    tx: Transaction, object_type: str, beginnings: Sequence[Collection[str]], *, limit: int
) -> list[int]:
    """Return records that have, of each of these collections, a word that begins so.

    Those whose word is just what was asked come first.
    """
    values: dict[str, object] = {"type": object_type, "limit": limit, "most": _MOST_HELD}
    sets = []
    for place, alternatives in enumerate(beginnings):
        values[f"b{place}"] = list(alternatives)
        sets.append(_HELD.replace("PLACE", str(place)))
    first, *others = sets
    narrowed = "".join(f" JOIN ({held}) AS h{n} USING (record_id)" for n, held in enumerate(others))
    rows = tx.tuples(
        f"""SELECT record_id FROM ({first}) AS h{narrowed}
            GROUP BY record_id ORDER BY min(h.letters), record_id LIMIT :limit""",
        **values,
    )
    return [row[0] for row in rows]


_HELD = f"""SELECT record_id, letters FROM unnest(CAST(:bPLACE AS text[])) AS b(beginning)
  CROSS JOIN LATERAL (
    SELECT record_id, length(word) AS letters FROM search_word WHERE portal_id = :portal
      AND object_type = :type AND word >= b.beginning COLLATE "C"
      AND word < (b.beginning || {_END}) COLLATE "C"
    ORDER BY word LIMIT :most) AS word"""


def existing(tx: Transaction, object_type: str, beginnings: Collection[str]) -> set[str]:
    """Return those of these beginnings that a word has."""
    rows = tx.tuples(
        f"""SELECT beginning FROM unnest(CAST(:beginnings AS text[])) AS b(beginning)
            WHERE EXISTS (SELECT FROM search_word WHERE portal_id = :portal
              AND object_type = :type AND word >= b.beginning COLLATE "C"
              AND word < (b.beginning || {_END}) COLLATE "C" {AS_WRITTEN})""",
        type=object_type,
        beginnings=list(beginnings),
    )
    return {row[0] for row in rows}
