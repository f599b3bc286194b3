"""Slots: planned operations on machines, as customers and operators see them."""
