"""How much at once: simultaneous requests per client, token requests per second (sections 2.1 and 7)."""

from collections import Counter, deque
from collections.abc import Callable

from gigamost.emulator.refusal import RefusalError

TOO_MANY = (429, "Too many requests")


class Slot:
    """A place in the gate, given back once however often `release` is called."""

    def __init__(self, gate: "Gate", client_id: str) -> None:
        self._gate = gate
        self._client_id: str | None = client_id

    def release(self) -> None:
        if self._client_id is not None:
            self._gate.busy[self._client_id] -= 1
            self._client_id = None


class Gate:
    """Counts requests in flight; the one over the limit is refused at once, never queued [inferred]."""

    def __init__(self) -> None:
        self.busy: Counter[str] = Counter()

    def enter(self, client_id: str, limit: int) -> Slot:
        """Raises RefusalError (429) when `limit` requests of the client are in flight."""
        if self.busy[client_id] >= limit:
            raise RefusalError(*TOO_MANY)
        self.busy[client_id] += 1
        return Slot(self, client_id)


class Rate:
    """At most `limit` events per client in any second."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def take(self, client_id: str) -> None:
        """Raises RefusalError (429)."""
        now = self._clock()
        times = self._times.setdefault(client_id, deque())
        while times and times[0] <= now - 1:
            times.popleft()
        if len(times) >= self._limit:
            raise RefusalError(*TOO_MANY)
        times.append(now)
