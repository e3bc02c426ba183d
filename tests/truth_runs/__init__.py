"""Truth runs: simulated years whose effects are known, and whether the rules find them and no others."""
