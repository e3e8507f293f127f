"""What lies in an upstream's file storage because of us: uploaded once, used by many requests, deleted when done.

hold ──> uploading ──> kept ──(unused for `ttl`, over `capacity`, forgotten, shutdown)──> dropped ──> deleted
                                                                                as soon as nobody holds it
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import msgspec

log = logging.getLogger(__name__)


class FileStore(Protocol):
    """The files of one upstream credential, on behalf of one client. Every call raises GatewayError."""

    @property
    def credential_id(self) -> str: ...

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        """Returns the upstream's id. `mime` is the type that the upload must be declared as."""
        ...

    async def delete(self, file_id: str) -> None: ...

    async def download(self, file_id: str) -> bytes: ...


class Key(msgspec.Struct, frozen=True):
    """`owner` keeps tenants apart: bytes that another tenant uploaded must not even be faster. `digest` is SHA-256."""

    credential_id: str
    owner: str
    digest: bytes


class Stored(msgspec.Struct, frozen=True):
    """A file that is uploaded: the registered media type and the size in bytes of what was uploaded."""

    file_id: str
    mime: str
    size: int


class Upload:
    """One entry: shared by every request that holds it."""

    def __init__(self, key: Key, files: FileStore, task: asyncio.Task[Stored]) -> None:
        self.key = key
        self.files = files
        self.task = task
        self.holders = 0
        self.expires = 0.0
        self.dropped = False


class Uploads:
    """`ttl`: seconds that an unused file stays. An hour covers the turns of a conversation, each of which brings the
    same pictures again; it is short because the files are people's data in somebody else's storage."""

    def __init__(self, *, ttl: float = 3600.0, capacity: int = 1000) -> None:
        self._ttl = ttl
        self._capacity = capacity
        self._entries: OrderedDict[Key, Upload] = OrderedDict()  # the longest unused one is first
        self._deletions: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, key: Key, files: FileStore, store: Callable[[], Coroutine[Any, Any, Stored]]) -> tuple[Upload, bool]:
        """The upload of these bytes, started by `store` if there is none, and whether there was. `release` it."""
        known = self._entries.get(key)
        upload = known or Upload(key, files, asyncio.get_running_loop().create_task(store()))
        if known is None:
            self._entries[key] = upload
            upload.task.add_done_callback(lambda task: self._settle(upload, task))
        upload.holders += 1
        self._touch(upload)
        while len(self._entries) > self._capacity:
            self.drop(next(iter(self._entries.values())))
        return upload, known is not None

    def release(self, upload: Upload) -> None:
        upload.holders -= 1
        if upload.holders:
            return
        if not upload.task.done():  # nobody waits for it any more
            upload.task.cancel()
            self._remove(upload)
        elif upload.dropped:
            self._delete(upload)
        else:
            self._touch(upload)

    def drop(self, upload: Upload) -> None:
        """The next request uploads these bytes again; the file is deleted once the last holder has released it."""
        if self._remove(upload) and not upload.holders:
            self._delete(upload)

    async def close(self, seconds: float = 5.0) -> None:
        """Deletes every file that nobody holds, in at most so many seconds."""
        if self._timer is not None:
            self._timer.cancel()
        for upload in tuple(self._entries.values()):
            self.drop(upload)
        if self._deletions:
            _, late = await asyncio.wait(tuple(self._deletions), timeout=seconds)
            for deletion in late:
                deletion.cancel()
            if late:
                log.warning("%d uploaded files were left in the upstream's storage at shutdown", len(late))

    def _touch(self, upload: Upload) -> None:
        if upload.dropped:
            return
        loop = asyncio.get_running_loop()
        upload.expires = loop.time() + self._ttl
        self._entries.move_to_end(upload.key)
        if self._timer is None:
            self._timer = loop.call_at(upload.expires, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        for upload in tuple(self._entries.values()):
            if upload.expires > loop.time():
                self._timer = loop.call_at(upload.expires, self._sweep)
                return
            self.drop(upload)

    def _settle(self, upload: Upload, task: asyncio.Task[Stored]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._remove(upload)

    def _remove(self, upload: Upload) -> bool:
        if upload.dropped:
            return False
        upload.dropped = True
        del self._entries[upload.key]
        return True

    def _delete(self, upload: Upload) -> None:
        if upload.task.cancelled() or upload.task.exception() is not None:
            return
        deletion = asyncio.get_running_loop().create_task(_delete(upload.files, upload.task.result().file_id))
        self._deletions.add(deletion)
        deletion.add_done_callback(self._deletions.discard)


async def _delete(files: FileStore, file_id: str) -> None:
    try:
        await files.delete(file_id)
    except Exception:  # the edge of a background task
        log.warning("a file could not be deleted from the upstream's storage", exc_info=True)
