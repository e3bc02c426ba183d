"""What CRM records mean: pure, no I/O, no clock."""
