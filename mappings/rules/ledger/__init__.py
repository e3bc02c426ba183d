"""Bookkeeping: entries and reversals, months, credit notes, home currency, changes of numbers."""
