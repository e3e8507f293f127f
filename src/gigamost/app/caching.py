"""Where answers are kept that are given again: in this process, or for all gateways in Redis."""

from collections.abc import Callable
from time import monotonic, time

import msgspec

from gigamost.auth.root import Roots, derive
from gigamost.config import Settings
from gigamost.core.ports import Cache
from gigamost.pipeline.caching import ChatCache
from gigamost.pipeline.sameness import Sameness
from gigamost.pipeline.vectors import VectorCache
from gigamost.store.cache import LocalCache


class Caching:
    """`start` before the first request, `close` after the last one; neither fails when Redis is away. Raises ValueError
    for a URL that is none."""

    def __init__(self, settings: Settings, roots: Roots, now: Callable[[], float] = time) -> None:
        root = roots.oldest  # while gateways learn of a new one, they go on sharing
        self._shared = None
        cache: Cache
        if settings.redis_url is None:
            cache = LocalCache(settings.cache.max_bytes, monotonic)
        else:
            # Only here: its import takes a quarter of a second.
            from gigamost.store.redis.cache import SharedCache

            cache = self._shared = SharedCache(
                settings.redis_url,
                group=derive(root, "name in redis", 8).hex(),
                key=derive(root, "cached answers in redis"),
                max_bytes=settings.cache.max_bytes,
            )
        self._sameness = sameness = Sameness(derive(root, "cached questions"), _setting(settings))
        self.chat = ChatCache(cache, sameness, now)
        self.vectors = VectorCache(cache, sameness, now)

    def adopt(self, settings: Settings) -> None:
        """What was answered under other settings is no answer now."""
        self._sameness.setting = _setting(settings)

    async def start(self) -> None:
        if self._shared is not None:
            await self._shared.start()

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()


def _setting(settings: Settings) -> bytes:
    """What changes the answers to the same question, and may be another one day."""
    gigachat = settings.gigachat
    return msgspec.json.encode(
        (gigachat.base_url, gigachat.api, gigachat.profanity_check, settings.models.capabilities), order="deterministic"
    )
