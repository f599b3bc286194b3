"""Promises of the scheduler: explain."""
