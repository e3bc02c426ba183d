"""Findings: persons, job changes, sources, and the conclusions about records."""
