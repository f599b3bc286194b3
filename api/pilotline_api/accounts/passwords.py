"""Passwords: Argon2id with the library's recommended cost, and the same work for unknown users."""

from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash

# Each hash takes 64 MiB; a burst of sign-ins must not take all memory.
_AT_ONCE = BoundedSemaphore(4)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """Return the hash to store."""
    with _AT_ONCE:
        return _hasher().hash(password)


def verify_password(password: str, password_hash: str | None) -> tuple[bool, str | None]:
    """Check a password.

    Args:
        password: what the person typed.
        password_hash: the stored hash, or None for an unknown user: then the same work is done, so
            that the time taken does not tell which addresses have accounts.

    Returns:
        Whether it matches, and a fresh hash when the stored one was made with an older cost.
    """
    with _AT_ONCE:
        matches, fresh = _hasher().verify_and_update(password, password_hash or _hash_of_nobody())
    return (matches and password_hash is not None), fresh
