"""integration.rollup."""
