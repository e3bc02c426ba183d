"""Stage one: which contacts are one human, who changed jobs, and how strong champions were."""
