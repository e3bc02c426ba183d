"""mappings.rules.success."""
