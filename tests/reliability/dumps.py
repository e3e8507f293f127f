"""What a thief of a disk, a database or a Redis has, as bytes; and the forms in which a text could be in it."""

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import asyncpg
from redis.asyncio import Redis

Value = str | bytes


def forms(text: str) -> set[bytes]:
    """As it is, in JSON, in URLs, in hex, and in Base64 of both alphabets wherever in a longer text it begins."""
    raw = text.encode()
    found = {raw, json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    found |= {quote(text).encode(), quote(text, safe="").encode(), quote_plus(text).encode()}
    found |= {raw.hex().encode(), raw.hex().upper().encode()}
    for before in range(3):
        # The first and last characters depend on the neighbours: what is left are those of whole groups.
        encoded = base64.b64encode(bytes(before) + raw)
        inner = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    assert min(map(len, found)) >= 12, f"{len(text)} characters are too few to be looked for"
    return found


def found_in(places: Mapping[str, bytes], secrets: Mapping[str, str]) -> list[str]:
    """`secret in place` for each that is there in any form."""
    return sorted(
        f"{name} in {place}"
        for name, text in secrets.items()
        for place, content in places.items()
        if any(form in content for form in forms(text))
    )


def files_in(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def sqlite_values(file: Path) -> list[Value]:
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = [name for (name,) in connection.execute(query).fetchall()]
        rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]
    return _values(rows)


async def postgres_values(url: str) -> list[Value]:
    connection = await asyncpg.connect(url)
    rows: list[Any] = []
    try:
        for table in await _tables(connection):
            rows += await connection.fetch(f'SELECT * FROM "{table}"')
    finally:
        await connection.close()
    return _values(rows)


async def postgres_text(url: str) -> bytes:
    """Every table as `COPY` writes it; bytes are in hex there, so they stand as they are beside it."""
    connection = await asyncpg.connect(url)
    copied = BytesIO()
    try:
        for table in await _tables(connection):
            copied.write(table.encode() + b"\n")
            await connection.copy_from_table(table, output=copied)
    finally:
        await connection.close()
    return copied.getvalue() + b"\n".join(map(in_bytes, await postgres_values(url)))


async def _tables(connection: Any) -> list[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in rows]


async def redis_bytes(url: str) -> bytes:
    """Every key and its value, whatever its type."""
    found: list[object] = []
    async with Redis.from_url(url) as redis:
        async for name in redis.scan_iter("*"):
            found += [name, await _redis_value(redis, name)]
    return b"\n".join(in_bytes(value) for value in _flat(found))


async def _redis_value(redis: Any, name: bytes) -> object:
    match await redis.type(name):
        case b"string":
            return await redis.get(name)
        case b"hash":
            return await redis.hgetall(name)
        case b"list":
            return await redis.lrange(name, 0, -1)
        case b"set":
            return await redis.smembers(name)
        case b"zset":
            return await redis.zrange(name, 0, -1)
        case b"stream":
            return await redis.xrange(name)
        case kind:
            raise AssertionError(f"{name!r} is of the type {kind!r}")


def _flat(value: object) -> Iterator[Value]:
    match value:
        case str() | bytes():
            yield value
        case Mapping():
            yield from _flat([*value, *value.values()])
        case Iterable():
            for each in value:
                yield from _flat(each)
        case _:
            yield str(value)


def _values(rows: Iterable[Iterable[object]]) -> list[Value]:
    """Texts and bytes, and those inside JSON, each once."""
    found: dict[Value, None] = {}
    for row in rows:
        for value in row:
            if isinstance(value, str | bytes):
                found.update(dict.fromkeys((value, *_inside(value))))
    return list(found)


def _inside(value: Value) -> Iterator[Value]:
    if value[:1] not in ("{", "[", b"{", b"["):
        return
    try:
        yield from _flat(json.loads(value))
    except ValueError:
        return


def in_bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
