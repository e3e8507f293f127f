"""How many requests one credential may have in flight, and who goes next when all slots are taken.

GigaChat counts simultaneous requests per key (1 for individuals, 10 for companies) and answers 429 at once to one more.
Here it waits: first come, first served within a tenant, in turns between tenants, and work that can wait goes last.
"""

from functools import partial

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.limiting import Crowd, Line
from gigamost.core.ports import Place, Places
from gigamost.limits.places import Held, LocalPlaces
from gigamost.limits.refusals import guess


class Gate:
    """The slots of one credential, whose id is `credential`. `places`: where they are counted; by default nobody else
    uses this credential."""

    def __init__(self, limit: int, *, credential: str = "", places: Places | None = None) -> None:
        if limit < 1:
            raise ValueError("GIGACHAT_MAX_CONNECTIONS must be 1 or more")
        self._limit = limit
        self._name = f"credential:{credential}"
        self._places = places or LocalPlaces()
        self._in_flight = 0
        self._waiting = 0

    async def acquire(self, tenant: str, timeout: float, *, yields: bool = False) -> Place:
        """Waits `timeout` seconds at most; one that `yields` goes behind all that do not. Raises GatewayError (429)."""
        line = Line(tenant, -1 if yields else 0)
        self._waiting += 1
        try:
            place = await self._places.hold(self._name, self._limit, line, timeout)
        finally:
            self._waiting -= 1
        if place is None:
            raise self._refusal(timeout)
        self._in_flight += 1
        return Held(partial(self._release, place))

    def snapshot(self) -> Crowd:
        """What went, and waits to go, through this gate: other gateways', and a rotated credential's, do not count."""
        return Crowd(self._limit, self._in_flight, self._waiting)

    def _release(self, place: Place) -> None:
        self._in_flight -= 1
        place.release()

    def _refusal(self, waited: float) -> GatewayError:
        return GatewayError(
            Kind.RATE_LIMITED,
            f"GigaChat serves this key {self._limit} request(s) at a time, and none ended within {waited:g} s. Send "
            "fewer at once or try again later; the operator can raise GIGACHAT_MAX_CONNECTIONS if the key allows more",
            code="upstream_concurrency",
            retry_after=guess(self.snapshot()),
        )
