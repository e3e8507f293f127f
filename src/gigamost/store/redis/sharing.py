"""All that this gateway shares through Redis, opened and closed together."""

from collections.abc import Callable
from typing import Final

from gigamost.core.limiting import Sharing
from gigamost.core.secret import Secret
from gigamost.store.redis.counters import WINDOWS, SharedCounters
from gigamost.store.redis.link import Link, Pace
from gigamost.store.redis.places import LIFE, PLACES, SharedPlaces
from gigamost.store.redis.tokens import TOKENS, SharedTokens

_PACE: Final = Pace()


class Shared:
    """`gateway` is a name that no other gateway has, `replicas` how many there are. Gateways with the same `group`
    share with each other and with nobody else. `clock` is nanoseconds and does not go back; `token_key`: see
    `SharedTokens`. Raises ValueError for a URL that is none."""

    def __init__(
        self,
        url: Secret,
        *,
        group: str,
        gateway: str,
        replicas: int,
        token_key: bytes,
        clock: Callable[[], int],
        pace: Pace = _PACE,
    ) -> None:
        # The braces keep all keys in one slot of a Redis cluster, as scripts demand.
        self._link = Link(url, f"{{gigamost {group}}}:", (WINDOWS, PLACES, LIFE, TOKENS), pace)
        self.counters = SharedCounters(self._link, clock, replicas)
        self.places = SharedPlaces(self._link, gateway, replicas, pace)
        self.tokens = SharedTokens(self._link, token_key, gateway)

    async def start(self) -> None:
        """Never fails: without Redis the gateways count apart until it is there."""
        await self._link.start()
        self.places.start()

    async def close(self) -> None:
        await self.places.close()
        await self._link.close()

    def sharing(self) -> Sharing:
        return self._link.sharing()
