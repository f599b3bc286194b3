"""Live: what edge agents push, and the streams that carry it to browsers."""
