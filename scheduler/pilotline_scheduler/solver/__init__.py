"""Finds plans: a fast seed, then CP-SAT on all or a window of the problem."""
