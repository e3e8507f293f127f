"""Writes `fresh.sql`, the schema of a new SQLite file, from what the revisions make: `make schema`."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from gigamost.store import fresh, migrations

FILE: Final = Path(migrations.__file__).parent / fresh.NAME


def migrated(file: Path) -> None:
    """The file is what all revisions, one after the other, make of an empty one."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "gigamost.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def script() -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        migrated(file)
        with closing(sqlite3.connect(file)) as connection:
            return "\n".join((fresh.FIRST_LINE + fresh.fingerprint(), *_statements(connection), ""))


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    """What the file is made of, in the order in which it came, and the rows that are in it. What a virtual table keeps
    its things in comes with it."""
    kinds = {name: kind for _, name, kind, *_ in connection.execute("PRAGMA table_list")}
    made = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    yield from (f"{sql};" for name, sql in made if kinds.get(name) != "shadow")
    for name, _ in made:
        if kinds.get(name) == "table":
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            quoted = " || ', ' || ".join(f"quote({column})" for column in columns)
            for (values,) in connection.execute(f"SELECT {quoted} FROM {name}"):
                yield f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({values});"


if __name__ == "__main__":
    FILE.write_text(script(), encoding="utf-8")
    print(f"{FILE.name} is written")
