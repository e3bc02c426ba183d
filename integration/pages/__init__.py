"""integration.pages."""
