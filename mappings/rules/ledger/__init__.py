"""Bookkeeping: entries and reversals, periods, credit notes, home currency, and why numbers changed."""
