"""What was concluded: persons, job changes, sources, and what records should say."""
