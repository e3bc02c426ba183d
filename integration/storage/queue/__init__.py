"""integration.storage.queue."""
