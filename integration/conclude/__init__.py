"""integration.conclude."""
