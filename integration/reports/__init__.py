"""Tell: why a record says what it says, what a month booked, and who brought most. It changes nothing."""
