"""Where things are kept: in memory, in a SQLite file, or in a PostgreSQL. A URL says which."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from gigamost.core.secret import Secret

FILE_NAME: Final = "gigamost.db"
POOL: Final = 5  # connections of each part that keeps something
_SQLITE: Final = ("sqlite://", "sqlite+aiosqlite://")
_POSTGRES: Final = ("postgresql", "postgres", "postgresql+asyncpg")


class Postgres(msgspec.Struct, frozen=True):
    """`url` is `postgresql://user:password@host:port/database`; `pool` the most connections that each
    part of a process has (the ledger's hot side has one of its own)."""

    url: Secret
    pool: int = POOL


Place = Path | Postgres | None  # None: in memory


def place_of(url: str, pool: int = POOL) -> Place:
    """Raises ValueError for a URL that is neither SQLite's nor PostgreSQL's."""
    if not is_postgres(url):
        return sqlite_file(url)
    rest = url.partition("://")[2]
    if not urlsplit(url).path.strip("/"):
        raise ValueError("a PostgreSQL URL names a database: postgresql://user:password@host/database")
    return Postgres(Secret(f"postgresql://{rest}"), pool)


def is_postgres(url: str) -> bool:
    scheme, is_url, _ = url.partition("://")
    return bool(is_url) and scheme in _POSTGRES


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL (`sqlite:///relative`, `sqlite:////absolute`), None for one in memory (`sqlite://`).

    Raises ValueError for any other URL.
    """
    scheme = next((each for each in _SQLITE if url.startswith(each)), None)
    if scheme is None:
        raise ValueError("this is no URL of a database: sqlite:///path/to/file.db, or postgresql://user@host/database")
    path = url.removeprefix(scheme)
    if path in ("", "/", "/:memory:"):
        return None
    if not path.startswith("/") or "?" in path:
        raise ValueError("a SQLite URL has three slashes before a path, and no options: sqlite:///path/to/file.db")
    return Path(unquote(path[1:]))
