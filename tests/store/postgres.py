"""A database of one's own on the tests' PostgreSQL (`tests.services`), dropped at the end."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from gigamost.store.place import Postgres, place_of
from tests import services


@asynccontextmanager
async def database(*, empty: bool = False) -> AsyncIterator[Postgres]:
    """With the newest schema, unless it is to be `empty`."""
    server = await asyncio.to_thread(services.postgres)
    name = f"gigamost_test_{secrets.token_hex(6)}"
    place = place_of(f"{server.rpartition('/')[0]}/{name}", pool=4)
    assert isinstance(place, Postgres)
    await _say(f"CREATE DATABASE {name}")
    try:
        if not empty:
            from gigamost.store.schema import upgrade

            await asyncio.to_thread(upgrade, place)
        yield place
    finally:
        await _say(f"DROP DATABASE {name} WITH (FORCE)")


async def _say(statement: str) -> None:
    connection = await asyncpg.connect(services.postgres(), timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
