"""Reads and writes problems and plans: Pilotline's JSON and public instance formats."""
