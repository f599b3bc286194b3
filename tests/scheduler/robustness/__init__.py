"""Promises of the scheduler: robustness."""
