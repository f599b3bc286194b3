"""Health: whether the process lives, is ready, and what it counts."""
