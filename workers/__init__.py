"""Background work: jobs, the schedule and the processes that run them."""
