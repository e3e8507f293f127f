"""SQLite in a file: who may read it, several processes on one, death in the middle, what is deleted is gone."""

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import perf_counter

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.history import Conversation
from gigamost.core.ports import History
from gigamost.store.door import Door
from gigamost.store.history.opening import OpeningHistory
from gigamost.store.migrations import HEAD
from gigamost.store.place import sqlite_file
from gigamost.store.tables import METADATA
from tests.store.conftest import COMPARED, HOUR, NEVER, answer, beginning, item

ALL = 10**9


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[History]:
    door = Door(file)
    opening = OpeningHistory(door, sweep=HOUR, now=beginning)
    try:
        yield await opening()
    finally:
        await opening.close()
        await door.close()


async def writer(file: Path, name: str, count: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.writer", str(file), name, str(count), stdout=PIPE
    )


async def lines(process: Process) -> list[str]:
    assert process.stdout is not None
    return (await process.stdout.read()).decode().split()


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as history:
        await history.responses.keep("one", answer("a"), NEVER)
    async with opened(tmp_path / "state.db") as history:
        assert await history.responses.get("one", "a") == answer("a")


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "new" / "state.db") as history:
        await history.responses.keep("one", answer("a"), NEVER)
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "new").iterdir()}
        assert modes.pop("state.db") == 0o600
        assert set(modes.values()) <= {0o600}  # the log and its index
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


async def test_nothing_of_what_was_deleted_is_left_on_the_disk(tmp_path: Path) -> None:
    def found(text: str) -> bool:
        return any(text.encode() in file.read_bytes() for file in tmp_path.iterdir())

    async with opened(tmp_path / "state.db") as history:
        await history.conversations.create("one", Conversation("conv_1", 1, {"k": "theme-1"}), [item("m", "secret-1")])
        await history.responses.keep("one", answer("a", text="secret-2 " * 2000), NEVER)
        await history.responses.keep("one", answer("b", text="secret-3"), 100)
        await history.items.append("one", "conv_1", [item("n", "secret-4")])
        secrets = ["theme-1", "secret-1", "secret-2", "secret-3", "secret-4"]
        assert all(map(found, secrets))
        assert await history.responses.delete("one", "a")
        assert await history.items.delete("one", "conv_1", "n")
        assert await history.sweep(100) == 1
        assert list(map(found, secrets)) == [True, True, False, False, False]
        assert await history.conversations.delete("one", "conv_1")
        assert not any(map(found, secrets))


async def test_two_processes_share_one_file(tmp_path: Path) -> None:
    """They start together on a file that is not there, and append to one conversation."""
    file = tmp_path / "state.db"
    async with opened(file) as history:
        await history.conversations.create("one", Conversation("conv_1", 1), [])
        writers = [await writer(file, name, 30) for name in ("left", "right")]
        said = await asyncio.gather(*map(lines, writers))
        assert [await each.wait() for each in writers] == [0, 0]
        assert [len(each) for each in said] == [31, 31]
        items = await history.said("one", ["conv_1"], ALL)
    assert items is not None
    ids = [each.id for each in items]
    assert len(ids) == 2 * 30 * 3
    for at in range(0, len(ids), 3):
        name = ids[at].removeprefix("ask0")
        assert ids[at : at + 3] == [f"ask0{name}", f"ask1{name}", f"out{name}"]


async def test_processes_that_start_together_make_one_schema(tmp_path: Path) -> None:
    writers = [await writer(tmp_path / "state.db", name, 1) for name in ("a", "b", "c")]
    assert [await lines(each) for each in writers] == [["open", "a0"], ["open", "b0"], ["open", "c0"]]
    assert [await each.wait() for each in writers] == [0, 0, 0]


async def test_death_in_the_middle_of_writing_loses_nothing_that_was_kept_and_leaves_no_halves(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with opened(file) as history:
        await history.conversations.create("one", Conversation("conv_1", 1), [])
    process = await writer(file, "r", 0)
    assert process.stdout is not None
    for _ in range(21):
        await process.stdout.readline()
    process.kill()
    await process.wait()
    async with opened(file) as history:
        said = await history.said("one", ["conv_1"], ALL)
        assert said is not None
        names = [each.id.removeprefix("out") for each in said if each.id.startswith("out")]
        assert names[:20] == [f"r{at}" for at in range(20)]
        assert len(said) == 3 * len(names)
        for name in names:
            kept = await history.responses.get("one", name)
            assert kept == answer(name, within="conv_1", text="x" * 5000)
        assert await history.responses.get("one", f"r{len(names)}") is None
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_client_that_leaves_while_its_answer_is_kept_breaks_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as history:
        tasks = [
            asyncio.create_task(history.responses.keep("one", answer(f"r{at}"), NEVER), name=f"r{at}")
            for at in range(40)
        ]
        for at, task in enumerate(tasks):
            await asyncio.sleep(0)
            if at % 2:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for at, task in enumerate(tasks):
            kept = await history.responses.get("one", f"r{at}")
            assert kept == answer(f"r{at}") if not task.cancelled() else kept in (None, answer(f"r{at}"))
        await history.responses.keep("one", answer("last"), NEVER)
        assert await history.responses.get("one", "last") == answer("last")


async def test_a_busy_file_does_not_stop_the_event_loop(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with opened(file) as history:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(history.responses.keep("one", answer("a"), NEVER))
            for _ in range(20):
                before = perf_counter()
                await asyncio.sleep(0.01)
                assert perf_counter() - before < 1
            assert not waiting.done()
            assert await history.responses.get("one", "a") is None  # readers do not wait
            other.execute("COMMIT")
            await waiting
        assert await history.responses.get("one", "a") == answer("a")


async def test_a_file_that_cannot_be_used_is_said_and_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.mkdir()
    door = Door(file)
    opening = OpeningHistory(door, sweep=HOUR)
    with pytest.raises(GatewayError) as raised:
        await opening()
    assert raised.value.problem.kind is Kind.UNAVAILABLE
    assert str(file) not in raised.value.problem.message
    file.rmdir()
    assert await (await opening()).responses.get("one", "a") is None
    await opening.close()
    await door.close()


async def test_a_part_that_comes_later_takes_no_lock_away(tmp_path: Path) -> None:
    """Else another process that closes the file takes itself for the last one, and deletes the log that is in use."""
    file = tmp_path / "state.db"
    async with opened(file) as history:
        await history.responses.keep("one", answer("a"), NEVER)
        later = Door(file)
        await later.database()
        other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM keys'); c.close()"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", other, str(file))
        assert await process.wait() == 0
        assert file.with_name("state.db-wal").exists()
        assert await history.responses.get("one", "a") == answer("a")
        await later.close()


async def test_what_people_wrote_is_in_no_error(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as history:
        await history.responses.keep("one", answer("a"), NEVER)
        with pytest.raises(GatewayError) as raised:
            await history.responses.keep("one", answer("a", text="a secret"), NEVER)
    assert "secret" not in raised.value.problem.detail + raised.value.problem.message
    assert "UNIQUE" in raised.value.problem.detail


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with opened(file):
        pass
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(GatewayError, match="newer version"):
        async with opened(file):
            pass


def test_the_revisions_make_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "state.db"

    async def make() -> None:
        async with opened(file):
            pass

    asyncio.run(make())
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()
    config = Config()
    config.set_main_option("script_location", "gigamost.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_nothing_is_loaded_or_made_before_it_is_needed(tmp_path: Path) -> None:
    """In a process of its own; and Alembic only for a database that is not of the newest revision."""
    source = """
import asyncio, sys
from pathlib import Path
import gigamost.app
from gigamost.store.door import Door
from gigamost.store.history.opening import OpeningHistory

async def main():
    door = Door(Path(sys.argv[1]))
    opening = OpeningHistory(door, sweep=3600)
    opening.start()
    print("sqlalchemy" in sys.modules, Path(sys.argv[1]).exists())
    await opening()
    print("sqlalchemy" in sys.modules, "alembic" in sys.modules)
    await opening.close()
    await door.close()

asyncio.run(main())
"""

    async def run() -> list[str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", source, str(tmp_path / "state.db"), stdout=PIPE
        )
        said = await lines(process)
        assert await process.wait() == 0
        return said

    assert await run() == ["False", "False", "True", "False"]
    assert await run() == ["False", "True", "True", "False"]


async def gone(history: History, name: str) -> bool:
    """Within some seconds."""
    for _ in range(1000):
        if await history.responses.get("one", name) is None:
            return True
        await asyncio.sleep(0.005)
    return False


async def test_what_has_expired_is_swept_at_once_and_again(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with opened(file) as history:
        await history.responses.keep("one", answer("a"), 100)
        await history.responses.keep("one", answer("b"), 200)
    clock = [150.0]
    door = Door(file)
    opening = OpeningHistory(door, sweep=0.01, now=lambda: clock[0])
    history = await opening()
    assert await gone(history, "a")
    assert await history.responses.get("one", "b") is not None
    clock[0] = 250.0
    assert await gone(history, "b")
    await opening.close()
    await door.close()


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///state.db", Path("state.db")),
        ("sqlite:////var/lib/state.db", Path("/var/lib/state.db")),
        ("sqlite+aiosqlite:////var/a%20b.db", Path("/var/a b.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_urls_of_sqlite(url: str, file: Path | None) -> None:
    assert sqlite_file(url) == file


@pytest.mark.parametrize(
    "url", ["", "postgresql://host/db", "sqlite:/state.db", "sqlite://state.db", "sqlite:///a?b=c"]
)
def test_other_urls(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        sqlite_file(url)
