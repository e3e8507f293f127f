"""Brings a database to the newest revision of the schema. Alembic is loaded only when there is something to do."""

import asyncio
import logging

from sqlalchemy import URL, Connection, inspect, text

from gigamost.core.errors import GatewayError, Kind
from gigamost.store.engine import Database
from gigamost.store.migrations import HEAD

log = logging.getLogger(__name__)


def upgrade(url: URL) -> None:
    """For a thread of its own: it brings its own event loop, so that the gateway's goes on.

    Raises GatewayError (503), or (500) for a database that a newer version made.
    """
    asyncio.run(_upgrade(url))


async def _upgrade(url: URL) -> None:
    database = Database(url)
    try:
        async with database.write() as connection:  # whoever starts at the same time waits, and finds nothing to do
            await connection.run_sync(_apply)
    finally:
        await database.close()


def _apply(connection: Connection) -> None:
    known = "alembic_version" in inspect(connection).get_table_names()
    revision = connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
    if revision == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "gigamost.store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        message = "The database was made by a newer version of Gigamost: use that version, or another database."
        raise GatewayError(Kind.INTERNAL, message, detail=f"revision {revision}") from error
    log.info("the database's schema is now revision %s", HEAD)
