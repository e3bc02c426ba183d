"""integration.core."""
