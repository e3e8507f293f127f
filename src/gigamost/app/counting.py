"""Where limits are counted and tokens are kept: in this process, or with all other gateways in Redis."""

from time import monotonic_ns, time
from uuid import uuid4

from gigamost.auth.root import Roots, derive
from gigamost.config import Settings
from gigamost.core.limiting import Sharing
from gigamost.core.ports import Counters, Places, TokenShare
from gigamost.limits.counters import LocalCounters
from gigamost.limits.places import LocalPlaces


class Counting:
    """`start` before the first request, `close` after the last one; neither fails when Redis is away. Without `roots`
    nothing is shared. Raises ValueError for a URL that is none."""

    def __init__(self, settings: Settings, roots: Roots | None = None) -> None:
        self.counters: Counters
        self.places: Places
        self.tokens: TokenShare | None = None
        self._alone = Sharing("alone", time())
        self._shared = None
        processes = settings.replicas * settings.server.workers  # each has its part of what cannot be counted together
        if settings.redis_url is None or roots is None:
            self.counters = LocalCounters(monotonic_ns, processes)
            self.places = LocalPlaces(processes)
            return
        # Only here: its import takes a quarter of a second.
        from gigamost.store.redis.sharing import Shared
        from gigamost.store.redis.tokens import KEY_BYTES

        root = roots.oldest  # while gateways learn of a new one, they go on counting together
        self._shared = Shared(
            settings.redis_url,
            group=derive(root, "name in redis", 8).hex(),
            gateway=uuid4().hex,
            replicas=processes,
            token_key=derive(root, "access tokens in redis", KEY_BYTES),
            clock=monotonic_ns,
        )
        self.counters, self.places, self.tokens = self._shared.counters, self._shared.places, self._shared.tokens

    async def start(self) -> None:
        if self._shared is not None:
            await self._shared.start()

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()

    def sharing(self) -> Sharing:
        return self._shared.sharing() if self._shared is not None else self._alone
