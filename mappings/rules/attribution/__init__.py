"""A deal's sources and their credit, its order, the reasons, and other models beside it."""
