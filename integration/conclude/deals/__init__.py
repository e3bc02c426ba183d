"""Stage two, second half: what led to each deal, its ledger entries, and the graph of revenue."""
