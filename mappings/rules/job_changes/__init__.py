"""mappings.rules.job_changes."""
