"""Databases of a PostgreSQL for the tests: one for each test, made from nothing and dropped after it.

The server is the one that GIGAMOST_TEST_POSTGRES names (a URL whose user may create databases), else the one of this
machine; without any the tests are skipped.
"""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import asyncpg
import pytest

from gigamost.core.secret import Secret
from gigamost.store.place import Postgres

SERVER = os.environ.get("GIGAMOST_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def empty() -> Iterator[Postgres]:
    """A database with nothing in it."""
    if not _is_there():
        pytest.skip("there is no PostgreSQL: set GIGAMOST_TEST_POSTGRES to its URL")
    with _made("") as name:
        yield _place(name)


@contextmanager
def copied(template: Postgres) -> Iterator[Postgres]:
    """A database like that one, to which nobody is connected."""
    with _made(f"TEMPLATE {template.url.reveal().rpartition('/')[2]}") as name:
        yield _place(name)


@contextmanager
def _made(like: str) -> Iterator[str]:
    name = f"gigamost_test_{uuid4().hex}"
    tell(f"CREATE DATABASE {name} {like}")
    try:
        yield name
    finally:
        tell(f"DROP DATABASE {name} WITH (FORCE)")


def _place(name: str) -> Postgres:
    return Postgres(Secret(f"{SERVER.rpartition('/')[0]}/{name}"), pool=4)


@cache
def _is_there() -> bool:
    try:
        tell("SELECT 1")
    except OSError:
        return False
    return True


def tell(statement: str, url: str = SERVER) -> None:
    """In a thread of its own, because the test may have an event loop that is at work."""

    async def execute() -> None:
        connection = await asyncpg.connect(url, timeout=5)
        await connection.execute(statement)
        await connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(lambda: asyncio.run(execute())).result()
