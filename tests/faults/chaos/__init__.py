"""Random sequences of faults against a whole agent, and the judgement of what it kept."""
