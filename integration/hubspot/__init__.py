"""The only place that knows HubSpot's API."""
