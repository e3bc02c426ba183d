"""mappings.rules.identity."""
