"""Stored shapes: what is kept as JSON has a version, and is read with patience."""
