"""Where machines talk to us."""
