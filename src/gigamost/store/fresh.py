"""A new SQLite file gets its schema from one script, with the standard library alone: a first start needs no Alembic.

`fresh.sql` is what the revisions make of an empty file; `make schema` writes it. It is used only as long as it was made
from the revisions that are here.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from gigamost.store.migrations import HEAD

NAME: Final = "fresh.sql"
FIRST_LINE: Final = "-- of the revisions "
_BUSY: Final = 10.0  # seconds to wait for another process
_WAL: Final = "PRAGMA journal_mode = WAL"
_EMPTY: Final = "SELECT count(*) = 0 FROM sqlite_master"
_REVISION: Final = "SELECT version_num FROM alembic_version"


def is_current(file: Path) -> bool:
    """Whether the file has the newest schema; one without any gets it. False when Alembic has something to do, or the
    file is none that can be read. The file is there."""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY, isolation_level=None)) as connection:
            if connection.execute(_EMPTY).fetchone()[0] and not _fill(connection):
                return False
            found: tuple[object, ...] | None = connection.execute(_REVISION).fetchone()
            return found == (HEAD,)
    except sqlite3.Error:
        return False


def fingerprint() -> str:
    """Of the revisions that are here."""
    digest = hashlib.sha256()
    for revision in sorted(_revisions(), key=lambda each: each.name):
        digest.update(revision.read_bytes())
    return digest.hexdigest()


def _fill(connection: sqlite3.Connection) -> bool:
    script = (_folder() / NAME).read_text(encoding="utf-8")
    first, _, statements = script.partition("\n")
    if first != FIRST_LINE + fingerprint():
        return False
    connection.execute(_WAL)
    connection.execute("BEGIN IMMEDIATE")  # whoever starts at the same time waits, and finds it done
    try:
        if connection.execute(_EMPTY).fetchone()[0]:
            for statement in _split(statements):
                connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return True


def _split(statements: str) -> Iterator[str]:
    statement = ""
    for line in statements.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _folder() -> Traversable:
    return files("gigamost.store") / "migrations"


def _revisions() -> Iterator[Traversable]:
    return (each for each in (_folder() / "versions").iterdir() if each.name.endswith(".py"))
