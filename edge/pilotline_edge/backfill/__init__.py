"""Backfill: what an outage took, read from the server's own history before it is called lost."""
