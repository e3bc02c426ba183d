"""Use cases in rooms, and the two adapters they work with."""
