"""Passwords are slow on purpose: hashed in threads, few at a time, and with a limit to how many wait."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

from gigamost.auth.passwords import SALT, Passwords
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret

Result = TypeVar("Result")
_AT_ONCE: Final = 2  # each needs 32 MiB
_WAITING: Final = 32


class Secrecy:
    """Every method raises GatewayError (429) when too many want something at once."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way = 0

    async def keep(self, password: Secret) -> str:
        return await self._do(lambda: self._passwords.keep(password, secrets.token_bytes(SALT)))

    async def fits(self, password: Secret, kept: str | None) -> bool:
        return await self._do(lambda: self._passwords.fits(password, kept))

    def is_outdated(self, kept: str) -> bool:
        return self._passwords.is_outdated(kept)

    async def _do(self, work: Callable[[], Result]) -> Result:
        if self._under_way >= _AT_ONCE + _WAITING:
            message = "Too many logins at once: try again."
            raise GatewayError(Kind.RATE_LIMITED, message, code="too_many_logins", retry_after=5)
        self._under_way += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work)
        finally:
            self._under_way -= 1
