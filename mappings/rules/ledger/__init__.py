"""mappings.rules.ledger."""
