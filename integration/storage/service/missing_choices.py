"""Settings that name what the portal no longer has (`missing_choice`), as last looked at."""

from collections.abc import Mapping

from integration.storage.database import Transaction


def every(tx: Transaction) -> dict[str, str]:
    """Return a sentence for each such setting."""
    rows = tx.tuples(
        "SELECT setting, sentence FROM missing_choice WHERE portal_id = :portal ORDER BY setting"
    )
    return dict(rows)


def keep(tx: Transaction, found: Mapping[str, str]) -> None:
    """Keep what a look found, instead of what the look before found."""
    tx.run(
        """DELETE FROM missing_choice
           WHERE portal_id = :portal AND setting <> ALL(CAST(:settings AS text[]))""",
        settings=list(found),
    )
    tx.many(
        """INSERT INTO missing_choice (portal_id, setting, sentence)
           VALUES (:portal, :setting, :sentence)
           ON CONFLICT (portal_id, setting) DO UPDATE SET sentence = excluded.sentence""",
        [{"setting": setting, "sentence": sentence} for setting, sentence in found.items()],
    )
