"""Rows of the service itself: portals, tokens, sessions, allowances, the calendar, audit, erasure."""
