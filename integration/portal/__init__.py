"""integration.portal."""
