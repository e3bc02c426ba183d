"""The service's own rows: portals, tokens, sessions, allowances, calendar, audit, erasure."""
