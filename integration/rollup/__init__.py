"""Roll-up: a whole portal's orders and all-in values at once, in arrays of integers."""
