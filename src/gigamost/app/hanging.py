"""What hangs on a root secret that is not the current one, and would end with it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import time
from typing import Final

import msgspec

from gigamost.app.place import kept_at
from gigamost.auth import passwords
from gigamost.auth.keys import hangs_on_another
from gigamost.auth.root import Roots, mark
from gigamost.config import Settings
from gigamost.core.administrators import Administrator
from gigamost.core.tenancy import Key
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door

_AT_ONCE: Final = 200  # administrators that are read at a time


class Hanging(msgspec.Struct, frozen=True):
    """Of the stored keys those that can be used; configured ones are made anew with every start. Of the administrators
    those whose password is of an earlier time and who are not disabled."""

    keys: Sequence[Key]
    administrators: Sequence[Administrator]

    def __bool__(self) -> bool:
        return bool(self.keys or self.administrators)


async def hanging(settings: Settings, roots: Roots) -> Hanging:
    """Raises GatewayError when the store cannot be read."""
    current, now = mark(roots.current), time()
    known = passwords.Passwords(*roots.derive_all(passwords.LABEL))
    async with _directory(settings) as opening:
        keys = [key for key in (await opening.roll()).keys if hangs_on_another(key, current, now)]
        directory, before = await opening(), ""
        administrators: list[Administrator] = []
        while page := await directory.administrators.page(before, _AT_ONCE):
            before = page[-1].id
            administrators += (each for each in page if not each.is_disabled and known.is_outdated(each.password))
    return Hanging(keys, administrators)


@asynccontextmanager
async def _directory(settings: Settings) -> AsyncIterator[DirectoryOpening]:
    door = Door(kept_at(settings))
    directory = DirectoryOpening(door)
    try:
        yield directory
    finally:
        directory.close()
        await door.close()
