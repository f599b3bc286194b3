"""The CP-SAT model of a problem or of a window of it."""
