"""Flexible shops: operations choose among machines, and setups depend on the sequence."""
