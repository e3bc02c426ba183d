"""Key rotation: every token is sealed again with the newest key, one row at a time, while everything runs."""

from integration.portal.runtime import Runtime
from integration.storage.service import tokens


def rotate(runtime: Runtime) -> int:
    """Reseal all tokens; a token refreshed meanwhile is left alone, for it has the newest key already."""
    with runtime.database.service() as tx:
        rows = tokens.all_sealed(tx)
    for portal_id, version, sealed in rows:
        runtime.vault.open(
            portal_id, sealed
        )  # a row that belongs elsewhere must not get a fresh seal
        with runtime.database.service() as tx:
            tokens.reseal(tx, portal_id, runtime.vault.reseal(sealed), version=version)
    return len(rows)
