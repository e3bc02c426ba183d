"""mappings.rules.attribution."""
