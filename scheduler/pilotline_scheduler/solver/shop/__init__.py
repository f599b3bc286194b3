"""Shops: machines, sequences and precedences alone; the disjunctive graph."""
