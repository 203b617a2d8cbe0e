"""Measurements beside other libraries. Run them from the root: ``python -m benchmarks.cpu``."""
