"""What was said in a SQLite file: what is forgotten leaves nothing in it, and it goes without FTS5."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import perf_counter

import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.prompts import Sought
from gigamost.store.door import Door
from gigamost.store.prompts.opening import PromptsOpening
from gigamost.store.tables.prompts import SEARCH
from tests.store.prompts import BEGAN, entry, words


@asynccontextmanager
async def opened(file: Path, retention: int | None = None, limit: float = 10.0) -> AsyncIterator[PromptsOpening]:
    door = Door(file)
    opening = PromptsOpening(door, retention, every=0.01, limit=limit)
    try:
        yield opening
    finally:
        await opening.close()
        await door.close()


def left(folder: Path, *texts: str) -> list[str]:
    """Those that stand somewhere in the files, as they were written or as they are looked for."""
    data = b"".join(file.read_bytes() for file in folder.iterdir())
    return [text for text in texts if any(form.encode() in data for form in (text, text.lower(), text[3:].lower()))]


async def test_what_is_forgotten_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    """Nor in its log, nor in the index of words."""
    file = tmp_path / "state.db"
    canaries = ["КанарейкаОдин", "КанарейкаДва", "КанарейкаТри", "AnswerCanary", "КанарейкаЧетыре"]
    async with opened(file) as opening:
        prompts = await opening()
        for at in range(40):  # more than one part of the index
            await prompts.add([entry(f"r{at}-{each}", f"слово{at} и ещё{each}") for each in range(10)])
        await prompts.add([entry("talk", canaries[0]), entry("user", canaries[1], user="ann")])
        await prompts.add([entry("old", canaries[2] * 200, answer=canaries[3], started=BEGAN - 1000)])
        await prompts.add([entry(f"more{at}", f"другое {canaries[4]}{at}", user="ann") for at in range(10)])
        assert left(tmp_path, *canaries) == canaries
        assert await prompts.delete("talk_talk") == 1
        assert left(tmp_path, *canaries) == canaries[1:]
        assert await prompts.erase("one", ("ANN",)) == 11
        assert left(tmp_path, *canaries) == canaries[2:4]
        assert await prompts.sweep(BEGAN - 500) == 1
        assert left(tmp_path, *canaries) == []
        assert len(await opening.shelf.exchanges(words("слово1 ещё5"), 0, 100)) == 11
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute(f"INSERT INTO {SEARCH} ({SEARCH}, rank) VALUES ('integrity-check', 1)")


async def test_old_exchanges_go_by_themselves(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as opening:
        await (await opening()).add([entry("r1", "Давно сказано")])
    async with opened(tmp_path / "state.db", retention=30) as opening:
        await opening()
        for _ in range(1000):
            if not await opening.shelf.exchanges(Sought(), 0, 1):
                break
            await asyncio.sleep(0.005)
        assert await opening.shelf.exchanges(Sought(), 0, 1) == []


async def test_without_fts5_everything_goes_but_the_search(tmp_path: Path) -> None:
    """As a file that was made by a Python whose SQLite has no FTS5."""
    file = tmp_path / "state.db"
    async with opened(file) as opening:
        await opening()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"DROP TABLE {SEARCH}")
    async with opened(file) as opening:
        prompts = await opening()
        await prompts.add([entry("r1", "раз"), entry("r2", "два", user="ann")])
        assert len(await opening.shelf.exchanges(Sought(), 0, 10)) == 2
        for question in (opening.shelf.exchanges(words("раз"), 0, 10), opening.shelf.talks(words("раз"), None, 10)):
            with pytest.raises(GatewayError, match="FTS5") as refused:
                await question
            assert refused.value.problem.kind is Kind.UNSUPPORTED
        assert await prompts.erase("one", ("ANN",)) == 1
        assert await prompts.sweep(BEGAN + 1) == 1


async def test_a_question_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """And does not hold up those that follow."""
    file = tmp_path / "state.db"
    async with opened(file) as opening:
        for at in range(20):
            await (await opening()).add([entry(f"r{at}-{each}", "слово") for each in range(100)])
    async with opened(file, limit=0.0) as opening:
        with pytest.raises(GatewayError, match="longer than 0 s") as refused:
            await opening.shelf.talks(words("слово"), None, 100)
        assert refused.value.problem.code == "too_slow"
    async with opened(file) as opening:
        assert len(await opening.shelf.talks(words("слово"), None, 100)) == 100


async def test_a_long_forgetting_lets_others_write(tmp_path: Path) -> None:
    """The one writer's turn of SQLite is what every request of the gateway needs."""
    file = tmp_path / "state.db"
    async with opened(file) as opening:
        prompts = await opening()
        for at in range(30):
            await prompts.add([entry(f"r{at}-{each}", f"слово{at} раз{each}") for each in range(50)])
        forgetting = asyncio.create_task(prompts.sweep(BEGAN + 1))
        with closing(sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)) as other:
            waits = []
            while not forgetting.done():
                before = perf_counter()
                await asyncio.to_thread(_turn, other)
                waits.append(perf_counter() - before)
                await asyncio.sleep(0.005)
        assert await forgetting == 1500
        assert len(waits) > 3  # it never was one long transaction
        assert max(waits) < 5


def _turn(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")
