"""Where limits are counted and tokens are kept: in this process, or with all other gateways in Redis."""

from time import monotonic_ns, time
from uuid import uuid4

from gigamost.auth.root import derive
from gigamost.config import Settings
from gigamost.core.limiting import Sharing
from gigamost.core.ports import Counters, Places, TokenShare
from gigamost.core.secret import Secret
from gigamost.limits.counters import LocalCounters
from gigamost.limits.places import LocalPlaces


class Counting:
    """`start` before the first request, `close` after the last one; neither fails when Redis is away. Without `root`,
    the root secret, nothing is shared. Raises ValueError for a URL that is none."""

    def __init__(self, settings: Settings, root: Secret | None = None) -> None:
        self.counters: Counters
        self.places: Places
        self.tokens: TokenShare | None = None
        self._alone = Sharing("alone", time())
        self._shared = None
        if settings.redis_url is None or root is None:
            self.counters = LocalCounters(monotonic_ns, settings.replicas)
            self.places = LocalPlaces(settings.replicas)
            return
        # Only here: its import takes a quarter of a second.
        from gigamost.store.redis.sharing import Shared
        from gigamost.store.redis.tokens import KEY_BYTES

        self._shared = Shared(
            settings.redis_url,
            group=derive(root, "name in redis", 8).hex(),
            gateway=uuid4().hex,
            replicas=settings.replicas,
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
