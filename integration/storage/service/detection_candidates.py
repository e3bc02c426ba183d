"""Detection candidates (`detection_candidate`): what was looked at for each setting, and when."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from integration.storage.database import Transaction


def seen(tx: Transaction) -> Mapping[str, set[str]]:
    """Return everything that was looked at before, by setting."""
    candidates: defaultdict[str, set[str]] = defaultdict(set)
    for row in tx.rows(
        "SELECT setting, candidate FROM detection_candidate WHERE portal_id = :portal"
    ):
        candidates[row["setting"]].add(row["candidate"])
    return candidates


def keep(tx: Transaction, pairs: Iterable[tuple[str, str]]) -> None:
    """Note these candidates by their setting; those that are known stay as they are."""
    distinct = list(dict.fromkeys(pairs))
    tx.run(
        """INSERT INTO detection_candidate (portal_id, setting, candidate)
           SELECT :portal, setting, candidate
           FROM unnest(CAST(:settings AS text[]), CAST(:candidates AS text[]))
             AS pair (setting, candidate)
           ON CONFLICT DO NOTHING""",
        settings=[setting for setting, _ in distinct],
        candidates=[candidate for _, candidate in distinct],
    )


def is_due(tx: Transaction, *, hours: int) -> bool:
    """Whether the portal was not looked at for so many hours."""
    return bool(
        tx.value(
            """SELECT looked_at IS NULL
                 OR looked_at < clock_timestamp() - make_interval(hours => :hours)
               FROM portal WHERE portal_id = :portal""",
            hours=hours,
        )
    )
