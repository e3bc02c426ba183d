"""Search words of records (`search_word`): kept with the mirror, found by their beginnings."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from integration.storage.database import AS_WRITTEN, Transaction

# Of a word that many thousands share, so many are looked at where every word of a question is one.
_MOST_HELD: Final = 50_000
# Records with a rarer word are looked at one by one.
_FEW: Final = 2000
# Behind every small letter and digit: a word and all that begin with it lie below.
_END: Final = "chr(123)"

# Words of what people wrote, beside the types of records: found by who may read comments alone.
COMMENTS: Final = "comment"

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
           -- In the order of the index, whose pages are then each opened once.
           SELECT :portal, :type, word, record_id FROM now ORDER BY word, record_id
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
    held = _held(tx, object_type, beginnings) if len(beginnings) > 1 else [0]
    order = sorted(range(len(beginnings)), key=lambda place: held[place])
    most = limit if len(order) == 1 else _MOST_HELD
    values: dict[str, object] = {"type": object_type, "limit": limit, "most": most}
    for place, rank in enumerate(order):
        values[f"b{place}"] = list(beginnings[rank])
    others = range(1, len(order))
    if held[order[0]] <= _FEW:
        narrowed = "WHERE true" + "".join(f" AND EXISTS ({_of(_HAS, place)})" for place in others)
    else:
        narrowed = "".join(
            f" JOIN (SELECT DISTINCT record_id FROM ({_of(_HELD, place)}) AS held) AS h{place}"
            " USING (record_id)"
            for place in others
        )
    rows = tx.tuples(
        f"""SELECT record_id FROM ({_of(_HELD, 0)}) AS h {narrowed}
            GROUP BY record_id ORDER BY min(letters), record_id LIMIT :limit""",
        **values,
    )
    return [row[0] for row in rows]


def _held(tx: Transaction, object_type: str, beginnings: Sequence[Collection[str]]) -> list[int]:
    """Return how many words begin so, for each collection; of more than a few only that."""
    values = {f"b{place}": list(own) for place, own in enumerate(beginnings)}
    counts = ", ".join(
        f"(SELECT count(*) FROM ({_of(_HELD, place)}) AS held)" for place in range(len(beginnings))
    )
    rows = tx.tuples(f"SELECT {counts}", type=object_type, most=_FEW + 1, **values)
    return list(rows[0])


def _of(statement: str, place: int) -> str:
    return statement.replace("PLACE", str(place))


_HELD = f"""SELECT record_id, letters FROM unnest(CAST(:bPLACE AS text[])) AS b(beginning)
  CROSS JOIN LATERAL (
    SELECT record_id, length(word) AS letters FROM search_word WHERE portal_id = :portal
      AND object_type = :type AND word >= b.beginning COLLATE "C"
      AND word < (b.beginning || {_END}) COLLATE "C"
    ORDER BY word LIMIT :most) AS word"""
# The word is compared as an expression, or the index of words would be read for every record.
_HAS = f"""SELECT FROM search_word AS own JOIN unnest(CAST(:bPLACE AS text[])) AS b(beginning)
    ON own.word || '' >= b.beginning COLLATE "C"
    AND own.word || '' < (b.beginning || {_END}) COLLATE "C"
  WHERE own.portal_id = :portal AND own.object_type = :type AND own.record_id = h.record_id
  {AS_WRITTEN}"""


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
