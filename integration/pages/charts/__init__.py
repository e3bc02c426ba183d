"""Charts: rows as pictures for pages and files, drawn here without a script or a network."""
