"""Job shops, where every operation has one machine: only the sequence on each is decided."""
