"""Review tasks, and people's decisions."""
