"""The ledger in a SQLite file: what its writer does when the file is busy, broken or to survive a loss of power."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest

from gigamost.core.accounting import Wanted
from gigamost.core.errors import GatewayError, Kind
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.ledger.sqlite import SqliteLedger
from gigamost.store.schema import upgrade
from tests.store.ledgers import hold, intent, settlement


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.mark.parametrize(("sync", "level"), [("normal", 1), ("full", 2)])
async def test_how_much_it_survives_is_a_setting(file: Path, sync: str, level: int) -> None:
    await asyncio.to_thread(upgrade, file)
    ledger = SqliteLedger(file, "here", sync="full" if sync == "full" else "normal")
    await ledger.start()
    with closing(ledger.connect()) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert await ledger.open(intent("r1")) is None
    await ledger.close()


async def test_a_busy_file_stops_neither_the_event_loop_nor_what_was_settled(file: Path) -> None:
    opening = LedgerOpening(file, "here", file.parent)
    await opening.start()
    await opening.ledger.open(intent("r1", hold(10)))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening.ledger.settle(settlement("r1", cost=4))
        asked = asyncio.create_task(opening.ledger.open(intent("r2")))
        for _ in range(20):
            before = perf_counter()
            await asyncio.sleep(0.01)
            assert perf_counter() - before < 1
        assert not asked.done()
        other.execute("COMMIT")
    assert await asked is None
    await opening.ledger.drain()
    assert {row.id: row.state for row in (await opening.books.requests(Wanted())).entries} == {
        "r1": "done",
        "r2": "open",
    }
    await opening.close()


async def test_a_file_that_cannot_be_written_refuses_and_keeps_what_was_settled(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gigamost.store.ledger.writer._RETRY", 0.05)
    opening = LedgerOpening(file, "here", file.parent)
    await opening.start()
    await opening.ledger.open(intent("r1"))
    with closing(sqlite3.connect(file)) as other:
        other.execute("ALTER TABLE rollups RENAME TO hidden")
        opening.ledger.settle(settlement("r1"))
        await asyncio.sleep(0.1)
        with closing(sqlite3.connect(file)) as reader:
            assert reader.execute("SELECT state FROM requests").fetchall() == [("open",)]  # all of it or nothing
        other.execute("ALTER TABLE requests RENAME TO gone")
        with pytest.raises(GatewayError) as refused:
            await opening.ledger.open(intent("r2"))
        assert refused.value.problem.kind is Kind.UNAVAILABLE
        other.execute("ALTER TABLE gone RENAME TO requests")
        other.execute("ALTER TABLE hidden RENAME TO rollups")
    async with asyncio.timeout(10):
        await opening.ledger.drain()
    assert [row.state for row in (await opening.books.requests(Wanted())).entries] == ["done"]
    await opening.close()


async def test_a_start_on_a_file_of_this_version_loads_no_more_than_it_needs(file: Path) -> None:
    """A gateway that starts again needs neither SQLAlchemy nor Alembic for its ledger."""
    await asyncio.to_thread(upgrade, file)
    source = """
import asyncio, sys
from pathlib import Path
from gigamost.store.ledger.opening import LedgerOpening

async def main():
    opening = LedgerOpening(Path(sys.argv[1]), "here", Path(sys.argv[1]).parent)
    await opening.start()
    await opening.close()
    print("sqlalchemy" in sys.modules, "asyncpg" in sys.modules)

asyncio.run(main())
"""
    run = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", source, str(file)], check=True, capture_output=True, text=True
    )
    assert run.stdout.split() == ["False", "False"]
