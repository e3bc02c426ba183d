"""Review: open tasks, people's answers, and what an answer changes."""
