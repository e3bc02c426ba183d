"""Detection: what a portal's properties, labels and users seem to mean, taken or asked about."""
