"""One request's way through the limits of its key and its tenant.

enter ── requests, then a place ──> reserve ── tokens ──> leave        leave may come at any time, and once counts
"""

from collections.abc import Sequence
from time import monotonic

from gigamost.core.limiting import Draw, Full, Grant, Line
from gigamost.core.ports import Counters, Place, Places
from gigamost.core.tenancy import Key, Tenant
from gigamost.limits import refusals, windows
from gigamost.limits.headers import Allowance, allowances


class Limiter:
    """`queue_timeout` is the longest wait for a place, in seconds.

    stay = await limiter.enter(key, tenant, priority=principal.defaults.priority)
    try:
        await stay.reserve(most.total)
        ...
    finally:
        stay.leave(usage.total)
    """

    def __init__(self, counters: Counters, places: Places, queue_timeout: float) -> None:
        self.counters = counters
        self.places = places
        self.queue_timeout = queue_timeout

    def stay(self, key: Key, tenant: Tenant) -> "Stay":
        """One that has not entered."""
        return Stay(self, key, tenant)

    async def enter(self, key: Key, tenant: Tenant, priority: int = 0) -> "Stay":
        stay = self.stay(key, tenant)
        await stay.enter(priority)
        return stay


class Stay:
    """What one request has of the limits. `known` is what is left, for the response headers (`limits.headers`)."""

    __slots__ = ("_key", "_limiter", "_tenant", "known", "places", "requests", "tokens")

    def __init__(self, limiter: Limiter, key: Key, tenant: Tenant) -> None:
        self._limiter = limiter
        self._key = key
        self._tenant = tenant
        self.known: tuple[Allowance, ...] = ()
        self.requests: Grant | None = None
        self.tokens: Grant | None = None
        self.places: list[Place] = []

    async def enter(self, priority: int = 0) -> None:
        """Counts the request (rpm, rpd) and waits for a place under the key's and the tenant's concurrency: a higher
        priority goes first, then keys take turns; once. Raises GatewayError (429), then nothing was counted; so it is
        when the wait is cancelled."""
        key, tenant = self._key, self._tenant
        draws = windows.requests(key, tenant)
        if draws:
            self.requests = await self.take(draws)
        if key.rates.concurrency is not None or tenant.rates.concurrency is not None:
            try:
                await self._wait(priority)
            except BaseException:
                self.withdraw()
                raise

    async def reserve(self, tokens: int) -> None:
        """Takes the most tokens that the request may use (tpm, tpd); once. Raises GatewayError (429): then the request
        does not count either, and only `leave` is left to be called."""
        draws = windows.tokens(self._key, self._tenant, tokens)
        if not draws:
            return
        try:
            self.tokens = await self.take(draws)
        except BaseException:
            self._uncount()
            raise

    def leave(self, tokens: int = 0) -> None:
        """It is over, and used so many tokens in all. Does not wait; called again it does nothing."""
        grant, self.tokens = self.tokens, None
        if grant is not None:
            self._limiter.counters.correct(grant, tokens)
        places, self.places = self.places, []
        for place in reversed(places):
            place.release()

    def withdraw(self) -> None:
        """As if it had never come: neither the request nor a token counts."""
        self._uncount()
        self.leave()

    async def take(self, draws: Sequence[Draw]) -> Grant:
        """Raises GatewayError (429)."""
        outcome = await self._limiter.counters.take(draws)
        self.known += allowances(outcome)
        if isinstance(outcome, Full):
            raise refusals.full(outcome)
        return outcome

    async def _wait(self, priority: int) -> None:
        """The key's place first, the tenant's second: always in this order, so that nobody waits for each other."""
        limiter, line = self._limiter, Line(self._key.id, priority)
        end = monotonic() + limiter.queue_timeout
        for name, rates in windows.owners(self._key, self._tenant):
            if rates.concurrency is None:
                continue
            place = await limiter.places.hold(name, rates.concurrency, line, max(end - monotonic(), 0.0))
            if place is None:
                crowd = limiter.places.crowd(name, rates.concurrency)
                raise refusals.crowded(name, crowd, limiter.queue_timeout)
            self.places.append(place)

    def _uncount(self) -> None:
        grant, self.requests = self.requests, None
        if grant is not None:
            self._limiter.counters.correct(grant, 0)
