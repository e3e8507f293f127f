"""A courier of its own process, to be killed: `python -m tests.telling.worker PLACE LEASE HANGS`.

With `HANGS` it claims what waits and never comes to send it.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from time import time

from gigamost.store.door import Door
from gigamost.store.notices.opening import OpeningNotices
from gigamost.store.place import place_of
from gigamost.telling.courier import Courier
from gigamost.telling.sender import Sender
from tests.telling.conftest import LOOPBACK

KEYS = (bytes(32),)


async def hang(host: str, port: int) -> Sequence[str]:
    await asyncio.Event().wait()
    return ()


async def main(place: str, lease: str, hangs: str) -> None:
    where = place_of(place, 2) if "://" in place else Path(place)
    opening = OpeningNotices(Door(where), KEYS)
    sender = Sender(time, allowed=LOOPBACK, resolve=hang if hangs == "hangs" else None, seconds=60)
    Courier(opening, sender, now=time, is_shared=True, lease=float(lease)).poke()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
