"""integration.reports."""
