"""People talk to us in the browser: install, sign in, findings, review, settings."""
