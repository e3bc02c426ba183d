"""mappings.rules.text."""
