"""The database schema, one step a file; each step is safe beside the code before it."""
