"""Think: mirrored records in; persons, job changes, sources, ledger entries and planned patches out."""
