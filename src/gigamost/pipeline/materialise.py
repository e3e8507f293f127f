"""Puts a request's media where the upstream can read them: every picture, recording and document of the user and of
tool results becomes a file of the target credential. What an assistant showed stays: no wire sends it back.

    Inline | Url --> bytes --> what is it? may it go? --> (cached | converted, uploaded) --> FileRef
    ClientFile --> claimed --> FileRef

One that fails fails the request: nothing is dropped. Fields are named by `Media.place`, else by paths like
`messages[2].content[0]`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import assert_never

import msgspec

from gigamost.core.errors import GatewayError, Problem, invalid
from gigamost.core.messages import ClientFile, FileRef, Inline, Media, Url
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest
from gigamost.pipeline.attachments import KINDS, check_model, check_totals, modality_of
from gigamost.pipeline.media import has_media, media_in, with_media
from gigamost.pipeline.pictures import convert
from gigamost.pipeline.uploads import FileStore, Key, Stored, Upload, Uploads
from gigamost.protocols.gigachat.files import ACCEPTED, MAX_BYTES, Modality, file_name, sniff
from gigamost.upstreams.fetch import Fetcher

# A client's file id to the upstream's, None when it is not this client's (or does not exist: both look alike).
Claim = Callable[[str], Awaitable[str | None]]

_AT_ONCE = 4  # media of one request that are read, converted and uploaded at the same time
_CONVERSIONS = 2  # of the whole process: each takes a core and up to 200 MB


class Prepared:
    """A request whose media are uploaded, and the hold on those files: release it when the answer is whole.

    `reused`: some file was uploaded earlier, so a 404 or 422 may mean that the upstream lost it. Then `forget`, and
    prepare the original request again.
    """

    def __init__(self, request: ChatRequest, uploads: Uploads) -> None:
        self.request = request
        self.reused = False
        self._uploads = uploads
        self._held: list[Upload] = []

    def hold(self, upload: Upload, reused: bool) -> None:
        self._held.append(upload)
        self.reused = self.reused or reused

    def forget(self) -> None:
        for upload in self._held:
            self._uploads.drop(upload)

    def release(self) -> None:
        """May be called twice."""
        held, self._held = self._held, []
        for upload in held:
            self._uploads.release(upload)

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class _Place(msgspec.Struct, frozen=True):
    """Where the media of one request go, and whom they may serve again."""

    files: FileStore
    model: Model
    owner: str
    claim: Claim
    prepared: Prepared


class _Found(msgspec.Struct, frozen=True):
    """The bytes of a media part. `mime` is what they are, "" when unknown."""

    data: bytes
    mime: str
    digest: bytes
    name: str


class _Placed(msgspec.Struct, frozen=True):
    """A media part in its new place. `size` is bytes as uploaded, 0 where the upstream has the file already."""

    media: Media
    size: int = 0


class Materialiser:
    """`models` gives the known models, to name those that can see or hear when the wanted one cannot."""

    def __init__(self, fetcher: Fetcher, uploads: Uploads, models: Callable[[], Iterable[Model]]) -> None:
        self._fetcher = fetcher
        self._uploads = uploads
        self._models = models
        self._converting = asyncio.Semaphore(_CONVERSIONS)

    async def prepare(
        self, request: ChatRequest, files: FileStore, model: Model, *, owner: str, claim: Claim
    ) -> Prepared:
        """`owner` is whom an upload may serve again: tenant and end user. Raises GatewayError: 400 or 413 for what the
        client sent, and what `files` raised."""
        prepared = Prepared(request, self._uploads)
        if not has_media(request.messages):
            return prepared
        found = tuple(media_in(request.messages))
        for media, param in found:
            check_model(model, media.kind, self._models(), param)
        param = request.spelled.get("messages", "messages")
        check_totals([media.kind for media, _ in found], param=param)
        place = _Place(files, model, owner, claim, prepared)
        gate = asyncio.Semaphore(_AT_ONCE)
        with ExitStack() as undo:
            undo.callback(prepared.release)
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._put(media, param, place, gate)) for media, param in found]
            except BaseExceptionGroup as failed:
                raise failed.exceptions[0] from None
            placed = [task.result() for task in tasks]
            check_totals([each.media.kind for each in placed], [each.size for each in placed], param=param)
            undo.pop_all()
        replacements = iter([each.media for each in placed])
        messages = tuple(with_media(message, replacements) for message in request.messages)
        prepared.request = msgspec.structs.replace(request, messages=messages)
        return prepared

    async def _put(self, media: Media, param: str, place: _Place, gate: asyncio.Semaphore) -> _Placed:
        source = media.source
        match source:
            case FileRef():
                return _Placed(media)
            case ClientFile(id=file_id):
                claimed = await place.claim(file_id)
                if claimed is None:
                    message = f"There is no file {file_id!r} ({param}): upload it again or send the data inline."
                    raise invalid(message, param, "file_not_found")
                return _Placed(msgspec.structs.replace(media, source=FileRef(claimed)))
            case Inline() | Url():
                async with gate:
                    return await self._upload(media, await self._read(source, media.name, param), param, place)
            case _:
                assert_never(source)

    async def _read(self, source: Inline | Url, name: str, param: str) -> _Found:
        if isinstance(source, Url):
            fetched = await self._fetcher.fetch(source.url, max_bytes=max(MAX_BYTES.values()), param=param)
            data, name = fetched.data, name or fetched.name
        else:
            data = source.data
        mime, digest = await asyncio.to_thread(_examine, data)
        return _Found(data, mime, digest, name)

    async def _upload(self, media: Media, found: _Found, param: str, place: _Place) -> _Placed:
        modality = modality_of(media.kind, found.data, found.mime, param)
        kind = KINDS[modality]
        check_model(place.model, kind, self._models(), param)
        key = Key(place.files.credential_id, place.owner, found.digest)
        upload, reused = self._uploads.hold(key, place.files, lambda: self._store(found, modality, place.files))
        place.prepared.hold(upload, reused)
        try:
            # Shielded: another request may wait for the same upload. The last one to let go of it cancels it.
            stored = await asyncio.shield(upload.task)
        except GatewayError as error:
            # Raised without a place: the upload is shared by requests that have it at different ones.
            raise _located(error.problem, param) from None
        placed = Media(kind, FileRef(stored.file_id), stored.mime, found.name)
        return _Placed(placed, stored.size)

    async def _store(self, found: _Found, modality: Modality, files: FileStore) -> Stored:
        data, mime = found.data, found.mime
        if modality == "image":
            async with self._converting:
                data, mime = await asyncio.to_thread(convert, data, mime)
        accepted = ACCEPTED[mime]
        file_id = await files.upload(data, accepted.mime, file_name(found.name, accepted.extension))
        return Stored(file_id, mime, len(data))


def _examine(data: bytes) -> tuple[str, bytes]:
    return sniff(data), hashlib.sha256(data).digest()


def _located(problem: Problem, param: str) -> GatewayError:
    return GatewayError.of(msgspec.structs.replace(problem, message=f"{param}: {problem.message}", param=param))
