"""Benchmarks: ratios of one run beside the performance goals, with the machine's noise."""
