"""The mirror of HubSpot's records, and look-ups beside it."""
