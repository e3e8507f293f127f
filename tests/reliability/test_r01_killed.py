"""R1: a gateway dies with everything that it has in flight. Nothing is lost, nothing is there twice, sums are right."""

import asyncio
from pathlib import Path
from time import monotonic

from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.place import Postgres
from tests.reliability.books import BookKeeper, until
from tests.reliability.clients import Question, ask, ask_all
from tests.reliability.processes import GigaChat, Site
from tests.reliability.sizes import Sizes

CLOSED_WITHIN = 60.0  # seconds


async def test_what_a_killed_gateway_had_in_flight_is_closed_once_at_its_estimate(
    site: Site, gigachat: GigaChat, books: BookKeeper, database: Postgres, sizes: Sizes, tmp_path: Path
) -> None:
    victim, survivor = await site.start(2)
    _, key = await site.key(budget={"amount": "100000.00", "period": "total"})
    await gigachat.say("hold")
    doomed = [Question(victim, f"doomed-{at}", key, stream=at % 2 == 0) for at in range(sizes.killed)]
    lasting = [Question(survivor, f"lasting-{at}", key, stream=at % 2 == 0) for at in range(sizes.killed // 5)]
    asking = [asyncio.create_task(ask(question)) for question in (*doomed, *lasting)]
    total = len(asking)

    async def all_in_flight() -> bool:
        return bool(await gigachat.say("waiting") == total)

    await until(all_in_flight, f"{total} requests in flight")
    assert await books.states() == {"open": total}

    began = monotonic()
    await victim.kill()
    await victim.start()
    await gigachat.say("release")
    again = [Question(victim, f"again-{at}", key, stream=at % 2 == 0) for at in range(10)]
    assert {each.is_whole for each in await ask_all(again)} == {True}
    heard = {each.name: each for each in await asyncio.gather(*asking)}
    assert {heard[question.name].is_whole for question in doomed} == {False}
    assert {heard[question.name].is_whole for question in lasting} == {True}

    if not sizes.waits_for_sweep:
        await close_as_a_gateway_would(books, database, tmp_path / "third")

    async def none_open() -> bool:
        return "open" not in await books.states()

    await until(none_open, "orphans closed", CLOSED_WITHIN - (monotonic() - began))
    print(f"closed {monotonic() - began:.1f} s after the kill")
    assert await books.states("doomed-%") == {"aborted": len(doomed)}
    assert await books.states("lasting-%") == {"done": len(lasting)}
    names = await books.rows_of()
    assert sorted(names) == sorted([*heard, *(question.name for question in again)])  # none lost, none doubled
    unestimated = "SELECT count(*) FROM requests WHERE state = 'aborted' AND (cost <> reserved OR cost = 0)"
    assert await books.one(unestimated) == 0
    await books.check_sums()


async def close_as_a_gateway_would(books: BookKeeper, database: Postgres, folder: Path) -> None:
    """The dead one's last sign of life is moved into the past, and a third gateway looks: the waiting itself is shown
    at full size."""
    silent = "UPDATE replicas SET seen = 0 WHERE id IN (SELECT replica FROM requests WHERE state = 'open')"
    await books.connection.execute(silent)
    third = LedgerOpening(database, "third", folder)
    await third.start()
    try:
        await third.upkeep.sweep(30)
    finally:
        await third.close()
