"""Promises of the scheduler: what_if."""
