"""Whether a credential is worth asking: a circuit breaker that takes requests away from an upstream which fails.

    closed --7 of the last 20 failed--> open --pause--> half open --probe succeeded--> closed
                                          ^------- probe failed, the pause doubled -------'

A failure is one of the upstream's own; what it says about a request is a success. In half open one request at a time is
let through. Times are seconds of one monotonic clock.
"""

from typing import Final, Literal

State = Literal["closed", "open", "half_open"]

WINDOW: Final = 20  # outcomes that are remembered
FAILURES: Final = 7  # of them open it: by the tenth failure where half of the answers fail
FORGET: Final = 60.0  # without an outcome for so long, what was before says nothing
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 10.0  # an upstream that recovers is found within the 15 s of the contract

_MASK: Final = (1 << WINDOW) - 1


class Breaker:
    """`begin` a request, then tell how it went: `succeed`, `fail`, or `abandon` when nobody knows. A request may
    succeed and fail later (a stream that breaks off)."""

    __slots__ = ("_last", "_pause", "_probing", "_recent", "_until")

    def __init__(self) -> None:
        self._recent = 0  # the last outcomes as bits, the newest is the lowest; 1 is a failure
        self._last = 0.0
        self._until: float | None = None  # the end of the pause; None: closed
        self._pause = FIRST_PAUSE
        self._probing = False

    def state(self, now: float) -> State:
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half_open"

    def allows(self, now: float) -> bool:
        """Whether a request may go there now."""
        return self._until is None or (now >= self._until and not self._probing)

    def rest(self, now: float) -> float:
        """Seconds until it is tried again."""
        return 0.0 if self._until is None else max(self._until - now, 0.0)

    def begin(self, now: float) -> bool:
        """Whether this request is the probe, which decides alone. Call it for one that goes there, allowed or not."""
        if self._until is None or now < self._until or self._probing:
            return False
        self._probing = True
        return True

    def succeed(self, now: float) -> None:
        if self._recent == 0 and self._until is None:
            return  # the usual case, on the path of every request
        if self._until is not None:
            if now < self._until:
                return  # one that was under way when it opened, or that had nowhere else to go
            self._until, self._recent, self._probing, self._pause = None, 0, False, FIRST_PAUSE
            return
        self._note(0, now)

    def fail(self, now: float) -> None:
        if self._until is not None:
            if now >= self._until:
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
                self._until, self._probing = now + self._pause, False
            return
        self._note(1, now)
        if self._recent.bit_count() >= FAILURES:
            self._until, self._pause, self._probing = now + FIRST_PAUSE, FIRST_PAUSE, False

    def abandon(self, *, probe: bool) -> None:
        """It ended without saying anything about the upstream (the client left): another one may be the probe."""
        if probe:
            self._probing = False

    def _note(self, outcome: int, now: float) -> None:
        before = self._recent if now - self._last <= FORGET else 0
        self._recent = (before << 1 | outcome) & _MASK
        self._last = now
