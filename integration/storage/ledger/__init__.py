"""The append-only ledger, its accounting periods, and its arrays for the roll-up."""
