"""integration.ingest."""
