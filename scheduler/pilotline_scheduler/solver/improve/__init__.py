"""Makes plans better: by rebuilding them in other orders, and by CP-SAT on all or a window."""
