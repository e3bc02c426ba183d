"""Pages: install, sign in, results, review and settings in the browser."""
