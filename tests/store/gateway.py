"""A process of its own that opens and settles requests, as a gateway does: `python -m tests.store.gateway WHAT PLACE
REPLICA FOLDER COUNT`. PLACE is a file, or the URL of a PostgreSQL.

    admit   COUNT requests at once, each with a hold of 10 of 1000; prints how many were admitted, and settles them
    hang    COUNT requests are opened and nothing more is said; prints "open" when all of them are durable
    plain   COUNT requests without a hold, every second one settled; prints "open" when all of that is durable
    churn   opens and settles for ever, printing each id once it is open, and again when its settlement was handed over
"""

import asyncio
import itertools
import sys
from pathlib import Path

from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.place import place_of
from tests.store.ledgers import hold, intent, settlement


async def main(what: str, where: str, replica: str, folder: str, count: int) -> None:
    place = place_of(where) if "://" in where else Path(where)
    opening = LedgerOpening(place, replica, Path(folder))
    await opening.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    ledger = opening.ledger
    match what:
        case "admit":
            names = [f"{replica}-{at}" for at in range(count)]
            outcomes = await asyncio.gather(
                *(ledger.open(intent(name, hold(10, 1000), replica=replica)) for name in names)
            )
            admitted = [name for name, outcome in zip(names, outcomes, strict=True) if outcome is None]
            for name in admitted:
                ledger.settle(settlement(name, cost=10))
            print(len(admitted), flush=True)
            await opening.close()
        case "hang":
            await asyncio.gather(
                *(ledger.open(intent(f"{replica}-{at}", hold(10, 10**9), replica=replica)) for at in range(count))
            )
            print("open", flush=True)
            await asyncio.sleep(3600)
        case "plain":
            await asyncio.gather(*(ledger.open(intent(f"{replica}-{at}", replica=replica)) for at in range(count)))
            for at in range(0, count, 2):
                ledger.settle(settlement(f"{replica}-{at}", cost=7))
            await ledger.drain()
            print("open", flush=True)
            await asyncio.sleep(3600)
        case "churn":
            await asyncio.gather(*(churn(opening, replica, client) for client in range(count)))
        case _:
            raise ValueError(what)


async def churn(opening: LedgerOpening, replica: str, client: int) -> None:
    for at in itertools.count():
        name = f"{replica}-{client}-{at}"
        if await opening.ledger.open(intent(name, hold(10, 10**9), replica=replica, reserved=10)) is None:
            print(f"opened {name}", flush=True)
            await asyncio.sleep(0.001 * (client % 7))
            opening.ledger.settle(settlement(name, cost=7))
            print(f"settled {name}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])))
