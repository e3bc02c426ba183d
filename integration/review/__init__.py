"""integration.review."""
