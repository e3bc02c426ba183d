"""Review tasks, and what people decided."""
