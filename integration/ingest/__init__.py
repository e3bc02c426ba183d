"""Ingest: deliveries become events, events and imports become mirrored records."""
