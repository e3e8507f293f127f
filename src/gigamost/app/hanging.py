"""What hangs on a root secret that is not the current one, and would end with it."""

from collections.abc import Sequence
from time import time

from gigamost.app.place import kept_at
from gigamost.auth.keys import hangs_on_another
from gigamost.auth.root import Roots, mark
from gigamost.config import Settings
from gigamost.core.tenancy import Key
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door


async def hanging_keys(settings: Settings, roots: Roots) -> Sequence[Key]:
    """Of the stored keys those that can be used; configured ones are made anew with every start. Raises GatewayError
    when the store cannot be read."""
    current, now = mark(roots.current), time()
    door = Door(kept_at(settings))
    directory = DirectoryOpening(door)
    try:
        return [key for key in (await directory.roll()).keys if hangs_on_another(key, current, now)]
    finally:
        directory.close()
        await door.close()
