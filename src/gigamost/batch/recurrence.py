"""Whether an item that failed is tried again: only what can have generated nothing, and not for ever."""

from typing import Final

from gigamost.core.errors import Kind, Problem
from gigamost.core.jobs import Again

_ATTEMPTS: Final = 8  # of an item that fails for another reason than a limit
_LONGEST: Final = 600.0  # seconds between two attempts
# The gateway was killed, or lost its database, after the item had been sent.
INTERRUPTED: Final = Problem(
    Kind.UPSTREAM_FAILED,
    "The gateway was interrupted while this request was being answered. It is not sent again, because it may have been "
    "paid for already: send it in a new batch if you need it.",
    code="interrupted",
)


def again(problem: Problem, *, was_sent: bool, attempts: int) -> Again | None:
    """A refusal for a limit says that nothing was generated; whatever fails before anything was sent says so too."""
    pause = min(2.0**attempts, _LONGEST)
    match problem.kind:
        case Kind.RATE_LIMITED:
            return Again(min(max(problem.retry_after or 0.0, pause), _LONGEST))
        case Kind.UNAVAILABLE | Kind.UPSTREAM_FAILED | Kind.UPSTREAM_TIMEOUT if not was_sent and attempts < _ATTEMPTS:
            return Again(pause)
        case _:
            return None
