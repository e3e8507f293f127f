"""An archive into a database, in one transaction.

A revision may fill what it adds from what was there: rows come into the schema of their time, which then is upgraded.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from time import time
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.errors import GatewayError, Kind
from gigamost.store.backup.archive import Archive
from gigamost.store.backup.derived import go_on_counting, has_search, index_words
from gigamost.store.backup.manifest import Member
from gigamost.store.engine import Database
from gigamost.store.migrations import HEAD
from gigamost.store.place import Postgres
from gigamost.store.schema import LOCK, bring_to, revision_of
from gigamost.store.tables import METADATA
from gigamost.store.tables.ledger import REPLICAS
from gigamost.store.tables.prompts import SEARCH

Step = Callable[[int, int], None]  # how many rows are done, and of how many
_ROWS: Final = 1000  # that are held in memory
_BYTES: Final = 4 * 1024 * 1024  # the same of their text
_ALIVE: Final = 30.0  # seconds after a sign of life
_FROM_THE_START: Final = {"tenants": 1, "revisions": 1}  # rows of a database in which nothing is kept
# What gateways had taken of budgets for times without the database: those gateways are not these.
_RETURN_LEASES: Final = (
    "UPDATE budget_periods SET reserved = reserved - (SELECT SUM(amount) FROM budget_leases AS lease"
    " WHERE lease.owner = budget_periods.owner AND lease.period = budget_periods.period"
    " AND lease.began = budget_periods.began) WHERE (owner, period, began) IN"
    " (SELECT owner, period, began FROM budget_leases)"
)
_FORGET_LEASES: Final = "DELETE FROM budget_leases"


class NotEmptyError(Exception):
    """Something is kept there, and nobody said that it may go. `rows` by table."""

    def __init__(self, rows: dict[str, int]) -> None:
        super().__init__(str(rows))
        self.rows = rows


async def restore(
    place: Path | Postgres, archive: Archive, *, replacing: bool, last: Callable[[], None], step: Step
) -> None:
    """The archive was verified. `last` is called when everything is there, before it counts: what it raises leaves the
    database as it was. Raises GatewayError, NotEmptyError."""
    database = Database(place, command=None)
    manifest, done = archive.manifest, 0
    try:
        async with database.write() as connection:
            if isinstance(place, Postgres):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            else:
                await connection.execute(text("PRAGMA cache_size = -65536"))  # KiB
            await connection.run_sync(_clear, manifest.revision, replacing)
            await connection.run_sync(_check_names, manifest.tables)
            for member in manifest.tables:
                await connection.execute(delete(member.clause()))  # what the revisions had put there
            for member in manifest.tables:
                for rows in _portions(archive, member):
                    await _put(connection, member, rows)
                    done += len(rows)
                    step(done, manifest.rows)
            await connection.run_sync(bring_to, "head")
            for statement in (_RETURN_LEASES, _FORGET_LEASES):
                await connection.execute(text(statement))
            await index_words(connection, is_sqlite=isinstance(place, Path))
            if isinstance(place, Postgres):
                await go_on_counting(connection)
            last()
    finally:
        await database.close()


def _clear(connection: Connection, revision: str, replacing: bool) -> None:
    """The schema of that revision with nothing in it, in place of what is there, if it may go."""
    has = revision_of(connection)
    names = set(inspect(connection).get_table_names())
    known = [table for table in reversed(METADATA.sorted_tables) if table.name in names]
    _refuse_gateways(connection, names)
    counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in known}
    kept = {
        name: rows for name, rows in counts.items() if rows > _FROM_THE_START.get(name, 0) and name != REPLICAS.name
    }
    if kept and not replacing:
        raise NotEmptyError(kept)
    if has is not None and has > HEAD:
        message = f"The database has revision {has}, newer than this version's {HEAD}: use the version that made it."
        raise GatewayError(Kind.INTERNAL, message)
    if has == revision:
        for table in known:
            connection.execute(delete(table))
        if has_search(connection):
            connection.execute(text(f"DELETE FROM {SEARCH}"))  # noqa: S608 - a constant
        return
    for table in known:
        table.drop(connection)
    for name in (SEARCH, "alembic_version"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    bring_to(connection, revision)


def _refuse_gateways(connection: Connection, names: Collection[str]) -> None:
    if REPLICAS.name not in names:
        return
    seen = connection.scalar(select(func.max(REPLICAS.c.seen)))
    if seen is not None and seen > time() - _ALIVE:
        message = (
            "A gateway is at work on this database, or was some seconds ago: stop all of them. After one that was "
            f"killed, wait {_ALIVE:.0f} seconds."
        )
        raise GatewayError(Kind.INTERNAL, message)


def _check_names(connection: Connection, members: Collection[Member]) -> None:
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    for member in members:
        wanted = {each.name for each in member.columns}
        if member.table not in there or wanted != {each["name"] for each in inspector.get_columns(member.table)}:
            message = f"The archive has a table {member.table[:80]!r} that its schema does not have like that."
            raise GatewayError(Kind.INTERNAL, message)


def _portions(archive: Archive, member: Member) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    size = 0
    for row, length in archive.rows(member):
        portion.append(row)
        size += length
        if len(portion) == _ROWS or size >= _BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


async def _put(connection: AsyncConnection, member: Member, rows: list[dict[str, Any]]) -> None:
    try:
        await connection.execute(insert(member.clause()), rows)
    except SQLAlchemyError as error:
        message = f"The table {member.table} of the archive cannot be written. Nothing was changed."
        raise GatewayError(Kind.INTERNAL, message, detail=str(error)) from error
