"""Status: what an agent tells of itself."""
