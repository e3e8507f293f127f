"""How many retries an upstream's traffic can bear: when everything fails, retrying everything makes it worse.

Every request earns a tenth of a retry, up to a small reserve that also fills by itself, so that a gateway with little
traffic may retry too. Under load retries stay under a fifth of the traffic. Times are seconds of one monotonic clock.
"""

from typing import Final

EARNED: Final = 0.1  # by each request
RESERVE: Final = 5.0
REFILL: Final = 0.2  # a second


class RetryBudget:
    __slots__ = ("_left", "_refilled")

    def __init__(self) -> None:
        self._left = RESERVE
        self._refilled = 0.0

    def earn(self) -> None:
        """A request is sent for the first time."""
        if self._left < RESERVE:
            self._left = min(self._left + EARNED, RESERVE)

    def spend(self, now: float) -> bool:
        """Whether one more retry may be made; then it is."""
        self._left = min(self._left + max(now - self._refilled, 0.0) * REFILL, RESERVE)
        self._refilled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
