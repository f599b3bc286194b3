"""Organisations, users, sessions, and who may do what."""
