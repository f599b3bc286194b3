"""Plans trial runs on shared machines: problem → plan, checked by an independent verifier."""
