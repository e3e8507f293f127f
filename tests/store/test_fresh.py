"""The schema of a new SQLite file is what all revisions come to, and is there without what applies revisions."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from gigamost.store import fresh
from gigamost.store.door import Door, make_file
from gigamost.store.fresh import is_current
from gigamost.store.migrations import HEAD
from tests.store.fresh import FILE, migrated, script

PRAGMAS: Final = (
    "application_id",
    "auto_vacuum",
    "encoding",
    "foreign_keys",
    "journal_mode",
    "page_size",
    "user_version",
)


def looked_at(file: Path) -> dict[str, object]:
    """All that can be said of a file: its schema, its rows, how it is kept."""
    with closing(sqlite3.connect(file)) as connection:
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
        rows = {
            name: connection.execute(f"SELECT * FROM {name}").fetchall() for kind, name, *_ in schema if kind == "table"
        }
        pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in PRAGMAS}
        return {"schema": schema, "rows": rows, "pragmas": pragmas}


def test_the_script_is_that_of_the_revisions() -> None:
    assert FILE.read_text(encoding="utf-8") == script(), "run `make schema`"


def test_a_new_file_is_what_the_revisions_make(tmp_path: Path) -> None:
    made, expected = tmp_path / "made.db", tmp_path / "expected.db"
    make_file(made)
    assert is_current(made)
    with closing(sqlite3.connect(expected)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as `store.engine` begins
    migrated(expected)
    assert looked_at(made) == looked_at(expected)
    assert is_current(expected)


def test_a_file_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = file.read_bytes()
    assert not is_current(file)
    assert file.read_bytes() == before
    (tmp_path / "text.db").write_text("no database" * 100)
    assert not is_current(tmp_path / "text.db")


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_another_revision_is_not_current(tmp_path: Path, revision: str) -> None:
    file = tmp_path / "state.db"
    make_file(file)
    assert is_current(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    assert not is_current(file)


async def test_processes_that_start_together_make_it_once(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from gigamost.store.fresh import is_current;"
        "print(is_current(Path(sys.argv[1])))"
    )
    file = tmp_path / "state.db"
    make_file(file)
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", source, str(file), stdout=PIPE) for _ in range(6)
    ]
    assert [(await each.communicate())[0] for each in processes] == [b"True\n"] * 6
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


async def test_a_first_start_loads_neither_alembic_nor_sqlalchemy(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from gigamost.store.door import make_file;"
        "from gigamost.store.fresh import is_current; file = Path(sys.argv[1]); make_file(file);"
        "print(is_current(file), 'alembic' in sys.modules, 'sqlalchemy' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", source, str(tmp_path / "s.db"), stdout=PIPE)
    assert (await process.communicate())[0] == b"True False False\n"


async def test_the_door_opens_a_new_file_with_it(tmp_path: Path) -> None:
    door = Door(tmp_path / "state.db")
    database = await door.database()
    async with database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar() == HEAD
    await door.close()
    assert fresh.fingerprint() in FILE.read_text(encoding="utf-8")
