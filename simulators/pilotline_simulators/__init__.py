"""Simulated machines as OPC UA servers, and replays of recordings."""
