"""When a message is tried again, and when it is given up: for a day, with pauses that grow to an hour; and how many may
wait."""

from collections.abc import Callable
from typing import Final

from gigamost.core.notices import Attempt, Outcome

TRIED: Final = 86_400.0  # seconds
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 3600.0
MOST_WAITING: Final = 1000  # deliveries of one webhook; the oldest ones are dropped
KEPT: Final = 7 * 86_400.0  # seconds that deliveries which are over, and their notices, are shown
LONGEST_PROBLEM: Final = 300  # characters


def pause(attempts: int, random: Callable[[], float]) -> float:
    """Seconds after so many attempts; `random` is from 0 to 1, so that receivers do not get everything at once."""
    whole: float = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return whole * (0.5 + random() / 2)


def outcome(attempt: Attempt, attempts: int, began: float, random: Callable[[], float]) -> Outcome:
    """`began` is when the delivery waited first. A 410 is a receiver that wants nothing any more."""
    if 200 <= attempt.status < 300:
        return Outcome(attempt, "delivered")
    if attempt.status == 410:
        return Outcome(attempt, "failed", disables=True)
    due = attempt.at + max(pause(attempts, random), min(attempt.retry_after, LONGEST_PAUSE))
    return Outcome(attempt, "waiting", due) if due < began + TRIED else Outcome(attempt, "failed")
