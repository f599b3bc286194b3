"""Opaque secrets: made at random, shown once, kept as SHA-256."""

import hashlib
import secrets


def new_secret() -> str:
    """Return a fresh secret of 256 bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what the database keeps of a secret.

    A fast hash is right here: 256 random bits cannot be guessed, unlike a password.
    """
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
