"""Searches made for one kind of problem, and the choice between them."""
