"""Databases of the tests' PostgreSQL (`tests.services`): one for each test, made from nothing and dropped after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from gigamost.core.secret import Secret
from gigamost.store.place import Postgres
from tests.services import postgres, tell

__all__ = ["copied", "empty", "tell"]


@contextmanager
def empty() -> Iterator[Postgres]:
    """A database with nothing in it."""
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
    return Postgres(Secret(f"{postgres().rpartition('/')[0]}/{name}"), pool=4)
