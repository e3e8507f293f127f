"""A database of one's own on the PostgreSQL of this machine, dropped at the end."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from gigamost.store.place import Postgres, place_of

SERVER = os.environ.get("TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


@asynccontextmanager
async def database(*, empty: bool = False) -> AsyncIterator[Postgres]:
    """With the newest schema, unless it is to be `empty`."""
    name = f"gigamost_test_{secrets.token_hex(6)}"
    place = place_of(f"{SERVER}/{name}", pool=4)
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
    connection = await asyncpg.connect(f"{SERVER}/postgres", timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
