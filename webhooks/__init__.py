"""Webhooks: the addresses that other machines call."""
