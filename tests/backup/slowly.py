"""A restore that stops in its transaction, to be killed there: `python -m tests.backup.slowly ARCHIVE URL SHARE`.

SHARE of the rows are there when it says "there".
"""

import asyncio
import sys
import time
from pathlib import Path

from gigamost.store.backup.archive import Archive
from gigamost.store.backup.restoring import restore
from gigamost.store.place import place_of


def main(file: str, url: str, share: str) -> None:
    place = place_of(url)
    assert place is not None

    def step(done: int, total: int) -> None:
        if done >= total * float(share):
            print("there", flush=True)
            time.sleep(3600)

    with Archive(Path(file)) as archive:
        asyncio.run(restore(place, archive, replacing=True, last=lambda: None, step=step))


if __name__ == "__main__":
    main(*sys.argv[1:])
