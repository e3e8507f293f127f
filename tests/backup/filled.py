"""Databases with rows in every table, made from the tables' own types, and how two of them are compared."""

import asyncio
import random
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
)

from gigamost.auth.root import Roots
from gigamost.core.secret import Secret
from gigamost.store.backup.archive import Archive
from gigamost.store.backup.manifest import Manifest
from gigamost.store.backup.restoring import restore
from gigamost.store.backup.taking import take
from gigamost.store.door import make_file
from gigamost.store.engine import Database
from gigamost.store.fresh import is_current
from gigamost.store.place import Postgres
from gigamost.store.schema import upgrade
from gigamost.store.tables import METADATA

ROOTS: Final = Roots(Secret("the root secret of these tests"), (Secret("a former root secret of these tests"),))
ROWS: Final = 40
# What a restored database has no use for, or gets anew.
_PASSING: Final = ("budget_leases",)
_TEXTS: Final = string.ascii_letters + "яЁ漢😀\n\t\"'\\%_"
# What must not be just anything: gateways that were heard of long ago, and what somebody said.
_SAID: Final[dict[str, dict[str, Any]]] = {
    "replicas": {"seen": 1.5},
    "exchanges": {"body": b'{"asked":[{"role":"user","parts":[{"type":"text","text":"a bridge"}]}]}'},
}
Everything = dict[str, list[tuple[Any, ...]]]


def ready(place: Path | Postgres) -> None:
    """With the newest schema, and nothing in it."""
    if isinstance(place, Path):
        make_file(place)
    if isinstance(place, Postgres) or not is_current(place):
        upgrade(place)


def fill(place: Path | Postgres, seed: int = 1, rows: int = ROWS) -> None:
    chosen = random.Random(seed)

    async def run() -> None:
        database = Database(place)
        async with database.write() as connection:
            for table in METADATA.sorted_tables:
                await connection.execute(delete(table))
                if table.name not in _PASSING:
                    await connection.execute(insert(table), [_row(table, at, chosen) for at in range(rows)])
        await database.close()

    asyncio.run(run())


def everything(place: Path | Postgres) -> Everything:
    """Every row of every table, in an order that does not depend on the database."""

    async def run() -> Everything:
        database = Database(place)
        found: Everything = {}
        async with database.read() as connection:
            for table in METADATA.sorted_tables:
                rows = [tuple(row) for row in await connection.execute(select(table))]
                found[table.name] = sorted(rows, key=repr)
        await database.close()
        return found

    return asyncio.run(run())


def backed_up(place: Path | Postgres, file: Path, *, with_secret: bool = False) -> Manifest:
    return asyncio.run(take(place, file, ROOTS, with_secret=with_secret, step=quietly))


def restored(place: Path | Postgres, file: Path, *, replacing: bool = False) -> None:
    with Archive(file) as archive:
        archive.verify(quietly)
        asyncio.run(restore(place, archive, replacing=replacing, last=lambda: None, step=quietly))


def quietly(done: int, total: int) -> None:
    assert 0 <= done <= total


def _row(table: Table, at: int, chosen: random.Random) -> dict[str, Any]:
    unique = {column.name for column in _unique(table)}
    row = {column.name: _value(column, at if column.name in unique else None, chosen) for column in table.columns}
    return row | _SAID.get(table.name, {})


def _unique(table: Table) -> Iterable[Column[Any]]:
    yield from table.primary_key.columns
    for index in table.indexes:
        if index.unique:
            yield from index.columns
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from constraint.columns


def _value(column: Column[Any], at: int | None, chosen: random.Random) -> Any:
    """Of the column's type, the one for row `at` where there may be one alone."""
    if column.nullable and chosen.random() < 0.3:
        return None
    match column.type:
        case Boolean():
            return chosen.random() < 0.5
        case Integer():
            big = 2**31 - 1 if type(column.type) is Integer else 2**62
            return at if at is not None else chosen.randrange(-big, big)
        case Float():
            return chosen.choice([0.0, -1.5, 1e300, 1 / 3, float("inf"), 1_800_000_000.123456])
        case LargeBinary():
            data = chosen.randbytes(chosen.randrange(40))
            return data if at is None else b"%d " % at + data
        case String():
            text = "".join(chosen.choices(_TEXTS, k=chosen.randrange(20)))
            return text if at is None else f"{at} {text}"
        case other:
            raise AssertionError(f"{column}: a value for the type {other} is missing here, and perhaps in the archive")


def names(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]
