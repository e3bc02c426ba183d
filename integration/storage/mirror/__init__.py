"""integration.storage.mirror."""
