"""Brings a database to the newest revision of the schema. Alembic is loaded only when there is something to do.

A SQLite file is brought there when it is opened, a PostgreSQL by `gigamost db upgrade`: replicas share it, and the one
that starts first must not decide for all.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gigamost.core.errors import GatewayError, Kind
from gigamost.store.engine import Database
from gigamost.store.migrations import HEAD, refuse_old
from gigamost.store.place import Postgres

log = logging.getLogger(__name__)

LOCK: Final = 0x67696761  # PostgreSQL's advisory lock of those who upgrade


def upgrade(place: Path | Postgres) -> str | None:
    """The revision that it had, None for an empty one. For a thread of its own: it brings its own event loop, so that
    the gateway's goes on.

    Raises GatewayError (503), or (500) for a database that a newer version made.
    """
    return asyncio.run(_upgrade(place))


async def check(database: Database) -> None:
    """Whether a PostgreSQL can be used as it is. Raises GatewayError: (500) when its schema is too old, (503).

    A newer schema is used: a revision only adds, so that replicas of two versions run side by side.
    """
    async with database.read() as connection:
        refuse_old(await connection.run_sync(revision_of))


async def _upgrade(place: Path | Postgres) -> str | None:
    database = Database(place)
    try:
        async with database.write() as connection:  # whoever starts at the same time waits, and finds nothing to do
            if isinstance(place, Postgres):
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            return await connection.run_sync(_apply)
    finally:
        await database.close()


def revision_of(connection: Connection) -> str | None:
    """None for a database without a schema."""
    known = inspect(connection).has_table("alembic_version")
    return connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None


def _apply(connection: Connection) -> str | None:
    revision = revision_of(connection)
    if revision != HEAD:
        bring_to(connection, "head")
        log.info("the database's schema is now revision %s", HEAD)
    return revision


def bring_to(connection: Connection, revision: str) -> None:
    """Within the connection's transaction. Raises GatewayError (500) for a database that a newer version made."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "gigamost.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        message = "The database was made by a newer version of Gigamost: use that version, or another database."
        raise GatewayError(Kind.INTERNAL, message, detail=str(error)) from error
