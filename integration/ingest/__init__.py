"""Hear and look: deliveries become events, events become mirrored records, imports fill the mirror."""
