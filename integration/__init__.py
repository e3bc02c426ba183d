"""Use cases in rooms, and the two adapters they work with; see docs/architecture.md for the tiers."""
