"""Finds plans: a fast seed, then one CP-SAT model."""
