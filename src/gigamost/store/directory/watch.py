"""Keeps the ring of keys what the store says, so that a key works or ends on every gateway within two seconds."""

import asyncio
import logging
from typing import Final

import msgspec

from gigamost.auth.ring import Ring
from gigamost.core.directory import Rolls
from gigamost.core.errors import GatewayError

log = logging.getLogger(__name__)

EVERY: Final = 1.0  # seconds between two looks


class Watch:
    """`start` before the first request: it returns when the keys are known, or are out of reach for now."""

    def __init__(self, rolls: Rolls, ring: Ring, every: float = EVERY) -> None:
        self._rolls = rolls
        self._ring = ring
        self._every = every
        self._looking = asyncio.Lock()
        self._is_failing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._try()
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def look(self) -> None:
        """At once: whoever changed a key here finds it changed. Raises GatewayError (503)."""
        async with self._looking:
            if await self._rolls.revision() != self._ring.roll.revision:
                self._ring.load(await self._rolls.roll())
            else:
                self._ring.confirm()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self._try()

    async def _try(self) -> None:
        try:
            await self.look()
        except (GatewayError, msgspec.MsgspecError) as error:
            if not self._is_failing:
                why = (error.problem.detail or error) if isinstance(error, GatewayError) else error
                log.warning("keys cannot be read, those that are known go on: %s", why)
            self._is_failing = True
        else:
            if self._is_failing:
                log.info("keys can be read again")
            self._is_failing = False
