"""Use cases, and the outside they are done with."""
