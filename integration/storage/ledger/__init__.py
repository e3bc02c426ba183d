"""integration.storage.ledger."""
