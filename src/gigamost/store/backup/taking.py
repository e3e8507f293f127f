"""An archive of everything that a database has at one moment, while gateways go on writing."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost import __version__
from gigamost.auth.root import Roots, mark
from gigamost.core.errors import GatewayError, Kind
from gigamost.store.backup.manifest import (
    MANIFEST,
    ROOTS,
    Column,
    Manifest,
    Member,
    clause_of,
    kind_of,
    member_name,
    writer,
)
from gigamost.store.engine import Database
from gigamost.store.migrations import HEAD
from gigamost.store.place import Postgres
from gigamost.store.schema import revision_of
from gigamost.store.tables import METADATA

Step = Callable[[int, int], None]  # how many rows are done, and of how many
_AT_ONCE: Final = 1000  # rows that are held in memory
_BIG: Final = 16  # the same of tables that have bodies in their rows
_OWNER_ONLY: Final = 0o600


class _Out(NamedTuple):
    file: Path
    archive: zipfile.ZipFile


class Source(msgspec.Struct, frozen=True):
    """A table as it is in the database."""

    name: str
    columns: tuple[Column, ...]


async def take(place: Path | Postgres, file: Path, roots: Roots, *, with_secret: bool, step: Step) -> Manifest:
    """`file` is whole or not there. Raises GatewayError: for a file that is there, cannot be written, or a database
    that cannot be read or has no schema of this version or an older one."""
    database = Database(place)
    try:
        with _draft(file) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            async with database.read() as connection:
                manifest = await _take(connection, _Out(file, archive), roots, step)
            if with_secret:
                text = "".join(f"{each.reveal()}\n" for each in roots.all).encode()
                manifest = msgspec.structs.replace(manifest, secret=hashlib.sha256(text).hexdigest())
                _add(archive, ROOTS, text)
            _add(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    finally:
        await database.close()
    return manifest


async def _take(connection: AsyncConnection, out: "_Out", roots: Roots, step: Step) -> Manifest:
    revision, sources = await connection.run_sync(_sources)
    counts = [
        await connection.scalar(select(func.count()).select_from(clause_of(each.name, each.columns))) or 0
        for each in sources
    ]
    total, members = sum(counts), list[Member]()
    for source in sources:
        done = sum(member.rows for member in members)
        members.append(await _member(connection, out, source, partial(_go_on, step, done, total)))
    return Manifest(
        version=__version__,
        revision=revision,
        made=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        roots=tuple(map(mark, roots.all)),
        tables=tuple(members),
    )


def _sources(connection: Connection) -> tuple[str, Sequence[Source]]:
    """The revision, and the tables that it has: each after those that it refers to."""
    revision = revision_of(connection)
    if revision is None:
        raise GatewayError(Kind.INTERNAL, "The database has no schema yet: there is nothing to put into an archive.")
    if revision > HEAD:
        message = (
            f"The database has revision {revision}, newer than this version's {HEAD}: use the version that made it."
        )
        raise GatewayError(Kind.INTERNAL, message)
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    return revision, [
        Source(
            name=str(table.name),
            columns=tuple(
                Column(str(each["name"]), kind_of(each["type"])) for each in inspector.get_columns(table.name)
            ),
        )
        for table in METADATA.sorted_tables
        if table.name in there
    ]


def _go_on(step: Step, done: int, total: int, rows: int) -> None:
    step(done + rows, total)


async def _member(connection: AsyncConnection, out: "_Out", source: Source, step: Callable[[int], None]) -> Member:
    digest, rows, size = hashlib.sha256(), 0, 0
    write = writer(source.columns)
    has_bodies = any(each.kind == "bytes" for each in source.columns)
    portion = {"yield_per": _BIG if has_bodies else _AT_ONCE}
    result = await connection.stream(select(clause_of(source.name, source.columns)), execution_options=portion)
    with _said(out.file), _writing(out.archive, member_name(source.name)) as lines:
        async for part in result.partitions():
            text = b"".join(write(tuple(row)) for row in part)
            digest.update(text)
            lines.write(text)
            rows, size = rows + len(part), size + len(text)
            step(rows)
    return Member(source.name, source.columns, rows, size, digest.hexdigest())


def _writing(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _OWNER_ONLY << 16
    return archive.open(info, "w", force_zip64=True)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    with _writing(archive, name) as out:
        out.write(data)


@contextmanager
def _draft(file: Path) -> Iterator[IO[bytes]]:
    """For its owner only, beside where it belongs, and there when all of it is on the disk."""
    with _said(file):
        if file.exists():
            raise GatewayError(Kind.INTERNAL, f"{file} is there already: give the archive another name.")
        draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ONLY), "w+b") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            draft.rename(file)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Within a transaction an error of the disk would look like one of the database."""
    try:
        yield
    except OSError as error:
        raise GatewayError(Kind.INTERNAL, f"The archive {file} cannot be written: {error.strerror}.") from error
