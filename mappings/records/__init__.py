"""CRM records and our catalogue, at the border."""
