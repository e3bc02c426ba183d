"""Pages where people talk to us."""
