"""Bookings: machine time taken directly, without a trial run."""
