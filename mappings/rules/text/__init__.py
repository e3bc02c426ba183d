"""Texts that people wrote: names, addresses, phrases, and what an answer says of its source."""
