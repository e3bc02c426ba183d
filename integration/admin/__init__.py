"""integration.admin."""
