"""integration.storage.reviews."""
