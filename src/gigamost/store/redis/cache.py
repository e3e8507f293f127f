"""`core.ports.Cache` that all gateways share. In Redis a value is sealed (AES-256-GCM, bound to its digest).

It has a connection of its own, so that no limit waits behind a long value. What Redis does not say soon is not there.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gigamost.core.secret import Secret
from gigamost.store.cache import LARGEST
from gigamost.store.redis.link import Link, Pace, Reply, Script, Words

CACHE: Final = Script("cache")
_WORDS: Final = Words("gateways share a cache", "nothing is in the cache")
_PACE: Final = Pace()
# An answer is waited for in looks of so many seconds: where this process is the slow one, each look takes longer, and
# what has been lying here is found.
_LOOK: Final = 0.003
_LOOKS: Final = 10
_AT_ONCE: Final = 100  # values in one call
_QUEUE: Final = 4 * 2**20  # bytes on their way to Redis; what comes on top is not kept
_NONCE: Final = 12


class SharedCache:
    """`key` is 32 bytes. `max_bytes` for all gateways together. Raises ValueError for a URL that is none."""

    def __init__(self, url: Secret, *, group: str, key: bytes, max_bytes: int, pace: Pace = _PACE) -> None:
        # The braces keep all keys in one slot of a Redis cluster, as scripts demand.
        self._link = Link(url, f"{{gigamost {group}}}:", (CACHE,), pace, _WORDS)
        self._names = f"{self._link.prefix}cache:"
        self._seal = AESGCM(key)
        self._max = max_bytes
        self._queued = 0

    async def start(self) -> None:
        """Never fails: without Redis nothing is found."""
        await self._link.start()

    async def close(self) -> None:
        await self._link.close()

    async def get(self, digests: Sequence[bytes]) -> Sequence[bytes | None]:
        found: list[bytes | None] = []
        while len(found) < len(digests):
            some = digests[len(found) : len(found) + _AT_ONCE]
            sealed = await self._ask([self._name(each) for each in some])
            if sealed is None:
                return found + [None] * (len(digests) - len(found))
            found += map(self._open, some, sealed)
        return found

    async def _ask(self, names: Sequence[str]) -> Reply | None:
        """None when Redis does not say it soon."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply | None] = loop.create_future()
        timer: asyncio.TimerHandle

        def settle(reply: Reply | None) -> None:
            if not answer.done():
                answer.set_result(reply)

        def look(left: int) -> None:
            nonlocal timer
            if left:
                timer = loop.call_later(_LOOK, look, left - 1)
            else:
                settle(None)

        timer = loop.call_later(_LOOK, look, _LOOKS)
        self._link.post(CACHE, names, ["get"], settle)
        try:
            return await answer
        finally:
            timer.cancel()

    def put(self, digest: bytes, value: bytes, seconds: int) -> None:
        size = len(value)
        if size > LARGEST or self._queued + size > _QUEUE:
            return
        self._queued += size

        def sent(_: Reply | None) -> None:
            self._queued -= size

        nonce = os.urandom(_NONCE)
        sealed = nonce + self._seal.encrypt(nonce, value, digest)
        keys = [self._name(digest), f"{self._link.prefix}cached ends", f"{self._link.prefix}cached bytes"]
        self._link.post(CACHE, keys, ["put", self._names, digest.hex(), sealed, seconds * 1000, self._max], sent)

    def _name(self, digest: bytes) -> str:
        return self._names + digest.hex()

    def _open(self, digest: bytes, sealed: int | bytes) -> bytes | None:
        """None for what is not there, or was sealed with another key."""
        if not isinstance(sealed, bytes) or not sealed:
            return None
        try:
            return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], digest)
        except (InvalidTag, ValueError):
            return None
