"""Measures the product against its performance goals: ratios in one run, with the machine's noise beside them."""
