"""Files of batches: their input, which the gateway keeps, and their results, which are shown as files."""

from collections.abc import AsyncIterator, Sequence
from time import time
from typing import Final
from uuid import uuid4

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.face import NewFile
from gigamost.core.job_ports import JobStore, OpenJobs
from gigamost.core.jobs import KeptFile, Result, Share
from gigamost.core.tasks import StoredFile
from gigamost.pipeline.context import Context
from gigamost.protocols.openai_tasks import batches

MAX_BYTES: Final = 100 * 1024 * 1024
_PIECE: Final = 256 * 1024  # bytes
_AT_ONCE: Final = 50  # results that are read together: each may have a picture in it
_MIME: Final = "application/jsonl"


class BatchFiles:
    """Every method raises GatewayError: 404 for a file of somebody else, as for one that is not there."""

    def __init__(self, open_jobs: OpenJobs) -> None:
        self._open = open_jobs

    async def upload(self, new: NewFile, context: Context) -> StoredFile:
        return await self.take_in(new.name, _pieces(new.data), context)

    async def take_in(self, name: str, pieces: AsyncIterator[bytes], context: Context) -> StoredFile:
        """The same of a file that is not whole anywhere."""
        tenant, store = context.principal.tenant, await self._open()
        file = KeptFile(batches.FILE_PREFIX + uuid4().hex, name or "file", "batch", int(time()))
        kept = await store.files.put(tenant, file, _limited(pieces))
        if not kept.size:
            await store.files.delete(tenant, kept.id)
            raise invalid("file is empty.", "file")
        return _told(kept)

    async def list_files(self, context: Context) -> Sequence[StoredFile]:
        return [_told(file) for file in await (await self._open()).files.list(context.principal.tenant)]

    async def get_file(self, file_id: str, context: Context) -> StoredFile:
        return _told(await self.find(file_id, context))

    async def find(self, file_id: str, context: Context) -> KeptFile:
        file = await (await self._open()).files.get(context.principal.tenant, file_id)
        if file is None:
            raise GatewayError(Kind.NOT_FOUND, f"There is no file {file_id[:80]!r}.", param="file_id")
        return file

    async def read_file(self, file_id: str, context: Context) -> AsyncIterator[bytes]:
        file = await self.find(file_id, context)
        store = await self._open()
        return shown(file.job, file.share, store) if file.job else store.read(file.id)

    async def delete_file(self, file_id: str, context: Context) -> None:
        await self.find(file_id, context)
        await (await self._open()).files.delete(context.principal.tenant, file_id)


def is_kept(file_id: str) -> bool:
    """Whether an id is of a file that the gateway keeps: those of GigaChat's have letters and digits alone."""
    return file_id.startswith(batches.FILE_PREFIX)


async def results(job: str, store: JobStore) -> AsyncIterator[Result]:
    """In the order of the items, some at a time."""
    last = -1
    while found := await store.items.results(job, last, _AT_ONCE):
        for result in found:
            yield result
        last = found[-1].position


async def shown(job: str, share: Share, store: JobStore) -> AsyncIterator[bytes]:
    """The lines of a file of results. A result that was deleted has none."""
    async for result in results(job, store):
        if (result.state == "succeeded") == (share == "output") and (result.body or not result.status):
            yield batches.encode_line(job, result)


async def _limited(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > MAX_BYTES:
            message = f"file: more than {MAX_BYTES} bytes, the limit for batches: send several."
            raise GatewayError(Kind.TOO_LARGE, message, param="file")
        yield piece


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _told(file: KeptFile) -> StoredFile:
    return StoredFile(file.id, file.name, file.size, file.created, file.purpose, _MIME)
