"""Reports: why a record has its values, what a month booked, and who brought most. Read only."""
