"""Trial runs: what clients ask for, and how far each has come."""
