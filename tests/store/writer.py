"""A process of its own that keeps answers in a file and says each one that is kept: `python -m tests.store.writer FILE
NAME COUNT`. Without an end when COUNT is 0."""

import asyncio
import itertools
import sys
from pathlib import Path

from gigamost.store.door import Door
from gigamost.store.history.opening import OpeningHistory
from tests.store.conftest import HOUR, NEVER, answer


async def write(file: Path, name: str, count: int) -> None:
    door = Door(file)
    opening = OpeningHistory(door, sweep=HOUR)
    history = await opening()
    print("open", flush=True)
    for at in range(count) if count else itertools.count():
        await history.responses.keep("one", answer(f"{name}{at}", within="conv_1", text="x" * 5000), NEVER)
        print(f"{name}{at}", flush=True)
    await opening.close()
    await door.close()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
