"""Files that the gateway itself keeps (`core.ports.KeptFiles`): in chunks, so that none is ever whole in memory."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, insert, select, update

from gigamost.core.jobs import KeptFile
from gigamost.store.engine import Database
from gigamost.store.tables.jobs import JOB_ITEMS, KEPT_CHUNKS, KEPT_FILES

_CHUNK: Final = 256 * 1024  # bytes
_UNFINISHED: Final = -1
_FILE = KEPT_FILES.c


class Files:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant: str, file: KeptFile, pieces: AsyncIterable[bytes]) -> KeptFile:
        unfinished = msgspec.structs.replace(file, size=_UNFINISHED)
        async with self._database.write() as connection:
            await connection.execute(insert(KEPT_FILES), row_of_file(tenant, unfinished))
        try:
            size = await self._put_chunks(file.id, pieces)
        except BaseException:
            await self._remove(file.id)
            raise
        return msgspec.structs.replace(file, size=size)

    async def get(self, tenant: str, file: str) -> KeptFile | None:
        query = select(KEPT_FILES).where(_FILE.id == file, _FILE.tenant == tenant, _FILE.size >= 0)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return _file_of(row) if row is not None else None

    async def list(self, tenant: str) -> Sequence[KeptFile]:
        query = select(KEPT_FILES).where(_FILE.tenant == tenant, _FILE.size >= 0)
        async with self._database.read() as connection:
            return [_file_of(row) for row in (await connection.execute(query)).all()]

    async def delete(self, tenant: str, file: str) -> bool:
        kept = await self.get(tenant, file)
        if kept is None:
            return False
        await self._remove(file)
        if kept.job:
            have = JOB_ITEMS.c.state == "succeeded" if kept.share == "output" else JOB_ITEMS.c.state != "succeeded"
            async with self._database.write() as connection:
                shown = update(JOB_ITEMS).where(JOB_ITEMS.c.job == kept.job, have)
                await connection.execute(shown.values(result=b""))
        await self._database.forget()
        return True

    async def read(self, file: str) -> AsyncIterator[bytes]:
        position = 0
        while True:
            query = select(KEPT_CHUNKS.c.data).where(KEPT_CHUNKS.c.file == file, KEPT_CHUNKS.c.position == position)
            async with self._database.read() as connection:
                data: bytes | None = await connection.scalar(query)
            if data is None:
                return
            yield data
            position += 1

    async def _put_chunks(self, file: str, pieces: AsyncIterable[bytes]) -> int:
        size = position = 0
        async for chunk in _cut(pieces):
            async with self._database.write() as connection:
                await connection.execute(insert(KEPT_CHUNKS), {"file": file, "position": position, "data": chunk})
            size += len(chunk)
            position += 1
        async with self._database.write() as connection:
            await connection.execute(update(KEPT_FILES).where(_FILE.id == file).values(size=size))
        return size

    async def _remove(self, file: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(KEPT_FILES).where(_FILE.id == file))
            await connection.execute(delete(KEPT_CHUNKS).where(KEPT_CHUNKS.c.file == file))


async def _cut(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in chunks of one size, the last one shorter."""
    rest = bytearray()
    async for piece in pieces:
        rest += piece
        while len(rest) >= _CHUNK:
            yield bytes(rest[:_CHUNK])
            del rest[:_CHUNK]
    if rest:
        yield bytes(rest)


def row_of_file(tenant: str, file: KeptFile) -> dict[str, Any]:
    return {"tenant": tenant, **msgspec.structs.asdict(file)}


def _file_of(row: Row[Any]) -> KeptFile:
    return KeptFile(row.id, row.name, row.purpose, row.created, row.size, row.job, row.share)
