"""Snapshots of all that the product says of a town, to compare two versions of the code."""
