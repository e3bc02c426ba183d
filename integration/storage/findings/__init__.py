"""integration.storage.findings."""
