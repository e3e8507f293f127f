"""What the ledger costs: CPU of the process for an opening and a settlement, with budgets and without, at any load.
`python -m benchmarks.ledger [--requests N] [--rows N] [--sync full] [--url postgresql://...]`.

On SQLite, or on an empty PostgreSQL with the schema of this version. With `--rows` it has that many rows before, and
the time of the questions about them is printed too.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from time import perf_counter, process_time, time
from uuid import uuid4

from gigamost.core.accounting import Hold, Intent, Mark, Question, Settlement, Wanted
from gigamost.core.usage import Usage
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.place import place_of

_HOLDS = (
    Hold("key:k1", "month", 1_800_000_000, 5000, 10**15),
    Hold("tenant:t1", "month", 1_800_000_000, 5000, 10**15),
)
_USAGE = Usage(800, 200, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--sync", choices=["normal", "full"], default="normal")
    parser.add_argument("--url", default="")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = place_of(wanted.url) if wanted.url else Path(folder) / "ledger.db"
        opening = LedgerOpening(place, "bench", Path(folder), sync=wanted.sync)
        _run(_measure(opening, wanted.requests, wanted.rows))


def _run(measuring: Coroutine[None, None, None]) -> None:
    """With the event loop that the gateway has."""
    if sys.platform == "win32":
        asyncio.run(measuring)
    else:
        import uvloop

        uvloop.run(measuring)


async def _measure(opening: LedgerOpening, requests: int, rows: int) -> None:
    await opening.start()
    if rows:
        await _fill(opening, rows)
        await _ask(opening)
    for clients in (1, 8, 64):
        for name, holds in (("no budget", ()), ("two budgets", _HOLDS)):
            await _load(opening, requests, clients, name, holds)
    await opening.close()


async def _load(opening: LedgerOpening, requests: int, clients: int, name: str, holds: tuple[Hold, ...]) -> None:
    ledger, waits = opening.ledger, []
    intents = [_intent(at, holds) for at in range(requests)]
    settlements = {intent.id: _settlement(intent) for intent in intents}

    async def client(mine: Iterator[Intent]) -> None:
        for intent in mine:
            before = perf_counter()
            await ledger.open(intent)
            waits.append(perf_counter() - before)
            ledger.settle(settlements[intent.id])

    shared = iter(intents)
    started, cpu = perf_counter(), process_time()
    await asyncio.gather(*(client(shared) for _ in range(clients)))
    await ledger.drain()
    cpu, elapsed = process_time() - cpu, perf_counter() - started
    waits.sort()
    print(
        f"{clients:3} at once, {name:11}: {cpu / requests * 1e6:6.1f} us CPU, {requests / elapsed:8.0f}/s, "
        f"open p50 {waits[len(waits) // 2] * 1e3:.2f} ms, p99 {waits[len(waits) * 99 // 100] * 1e3:.2f} ms"
    )


async def _fill(opening: LedgerOpening, rows: int) -> None:
    """Over a hundred days and a hundred keys."""
    for start in range(0, rows, 2000):
        intents = [_intent(at, (), at % 100) for at in range(start, min(start + 2000, rows))]
        await asyncio.gather(*map(opening.ledger.open, intents))
        for intent in intents:
            opening.ledger.settle(_settlement(intent))
        await opening.ledger.drain()


async def _ask(opening: LedgerOpening) -> None:
    now = time()
    middle = Mark(now - 50 * 86_400, "")
    for name, wanted in (
        ("first page", Wanted()),
        ("a page in the middle", Wanted(after=middle)),
        ("a page of one key in the middle", Wanted(key_id="k7", after=middle)),
        ("failed ones in the middle", Wanted(state="failed", after=middle)),
        ("open ones", Wanted(state="open")),
    ):
        started = perf_counter()
        await opening.books.requests(wanted)
        print(f"{name:32} {(perf_counter() - started) * 1e3:7.1f} ms")
    for asked in (Question(), Question(by="key"), Question(by="model", key_id="k7")):
        started = perf_counter()
        await opening.books.usage(asked)
        print(f"usage by {asked.by:23} {(perf_counter() - started) * 1e3:7.1f} ms")


def _intent(at: int, holds: tuple[Hold, ...], days: int = 0) -> Intent:
    return Intent(
        str(uuid4()),
        "bench",
        time() - days * 86_400,
        f"k{at % 97}",
        "t1",
        "openai",
        "GigaChat-2",
        5000,
        Usage(900, 500),
        holds,
    )


def _settlement(intent: Intent) -> Settlement:
    return Settlement(intent.id, intent.started + 1, "done", 200, _USAGE, 1000, (), "gigachat", 1, 200, 1000)


if __name__ == "__main__":
    main()
