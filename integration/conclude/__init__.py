"""Conclude: mirrored records in; persons, moves, sources, ledger entries and patches out."""
