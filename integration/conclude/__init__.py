"""Think: mirrored records in; persons, moves, sources, ledger entries and planned patches out."""
