"""Customer success: customers, NPS, health."""
