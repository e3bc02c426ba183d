"""Record linkage: which contact records are one human, and which names mean one company."""
