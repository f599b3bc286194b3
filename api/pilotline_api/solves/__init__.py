"""Solves: the optimiser's background work, its progress and its end."""
