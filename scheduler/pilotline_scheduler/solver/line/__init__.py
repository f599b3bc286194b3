"""Pilot lines at any scale: every rule of a problem in compiled loops."""
