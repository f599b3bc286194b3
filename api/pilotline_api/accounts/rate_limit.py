"""How often someone may try to sign in, per account and per address."""

from math import ceil
from time import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pilotline_api.errors import TooManyRequests

_PER_ACCOUNT = RateLimitItemPerMinute(5, namespace="account")
_PER_ADDRESS = RateLimitItemPerMinute(30, namespace="address")


class SignInLimiter:
    """Counts sign-in attempts.

    Characteristics
        window: moving, one minute; 5 attempts an account, 30 an address
        a success: forgets the account's attempts, not the address's
        buffered: in this process only; with several replicas each counts its own
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def attempt(self, email: str, address: str) -> None:
        """Count an attempt.

        Raises:
            TooManyRequests: the account or the address has used up its attempts.
        """
        for item, key in ((_PER_ADDRESS, address), (_PER_ACCOUNT, email)):
            if not self._limiter.hit(item, key):
                reset_time = self._limiter.get_window_stats(item, key).reset_time
                msg = "Too many attempts to sign in; wait a little and try again."
                raise TooManyRequests(msg, retry_after_s=max(1, ceil(reset_time - time())))

    def succeeded(self, email: str) -> None:
        """Forget an account's attempts."""
        self._limiter.clear(_PER_ACCOUNT, email)
