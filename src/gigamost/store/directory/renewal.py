"""After a rotation of the root secret: the digests of keys are made anew as the keys come by, beside the requests."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from time import time
from typing import Final

from gigamost.auth import keys
from gigamost.core.directory import OpenDirectory
from gigamost.core.errors import GatewayError
from gigamost.core.tenancy import Change, Key

log = logging.getLogger(__name__)

RETRY: Final = 5.0  # seconds until a store that is away is asked again
_ENTROPY: Final = 8  # bytes of a change's id


class Renewal:
    """Call it with a stored key and the digest that its text has now, which hangs on `root` (`auth.root.mark`). Each
    key is renewed once in the life of a process, whatever other gateways make of it."""

    def __init__(
        self, open_directory: OpenDirectory, root: str, *, now: Callable[[], float] = time, retry: float = RETRY
    ) -> None:
        self._open = open_directory
        self._root = root
        self._now = now
        self._retry = retry
        self._seen: set[str] = set()
        self._waiting: deque[tuple[Key, bytes]] = deque()
        self._task: asyncio.Task[None] | None = None

    def __call__(self, key: Key, digest: bytes) -> None:
        if key.id in self._seen:
            return
        self._seen.add(key.id)
        self._waiting.append((key, digest))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._renew())

    async def close(self) -> None:
        """Those that are waiting are recognised again after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _renew(self) -> None:
        while self._waiting:
            key, digest = self._waiting[0]
            try:
                await self._replace(key, digest)
            except GatewayError as error:
                log.warning("keys cannot be renewed now: %s", error.problem.detail)
                await asyncio.sleep(self._retry)
            else:
                self._waiting.popleft()

    async def _replace(self, known: Key, digest: bytes) -> None:
        now = self._now()

        def edit(key: Key) -> Key:
            renewed = keys.renewed(key, known.digest, digest, self._root, int(now))
            if renewed is None:
                raise _AnotherError
            return renewed

        id_ = keys.made_id("change", now, secrets.token_bytes(_ENTROPY))
        directory = await self._open()
        try:
            await directory.keys.edit(known.id, edit, Change(id_, now, "gateway", "key.renew", known.id))
        except _AnotherError:
            log.debug("the key %s was changed meanwhile", known.id)


class _AnotherError(Exception):
    """The key is not what it was."""
