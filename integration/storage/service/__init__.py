"""integration.storage.service."""
