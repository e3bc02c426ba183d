"""Queues: deliveries, events, lanes, imports, records to recompute, patches to send."""
