"""Endpoints of batches, of the files in them, and of answers that are made in the background."""

from collections.abc import AsyncIterator
from typing import Final, assert_never
from urllib.parse import quote

from gigamost.batch.deferred import Deferred
from gigamost.core.batches import (
    CancelBatch,
    CreateBatch,
    DeleteBatch,
    GetBatch,
    ListBatches,
    ReadResults,
    ServeBatches,
)
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import (
    CancelResponse,
    DeleteResponse,
    GetResponse,
    Incoming,
    KeptExchange,
)
from gigamost.history import absent
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.context import Context
from gigamost.protocols.openai_responses.background import keepalive, wants_stream
from gigamost.server.exchange import Http
from gigamost.server.respond import JSON, KeepAlive, ignored
from gigamost.server.types import Header

_JSONL: Final[Header] = (b"content-type", b"application/x-jsonl")
_PIECE: Final = 64 * 1024  # bytes that are sent together


class BatchEndpoints:
    def __init__(self, deferred: Deferred) -> None:
        self._batches = deferred.batches

    async def serve(self, service: ServeBatches, http: Http, incoming: Incoming, context: Context) -> None:
        """Raises GatewayError as long as nothing was sent."""
        batches, batch = self._batches, incoming.path.get("batch", "")
        match service:
            case CreateBatch(kind=kind, prefix=prefix, decode=decode, encode=encode):
                new = decode(incoming)
                job = await batches.create(kind, prefix, new, context)
                await http.whole(200, encode(job, incoming), [JSON, *ignored(new.ignored)])
            case GetBatch(kind=kind, encode=show, has_results=has_results):
                job = await batches.get(kind, batch, context)
                found = await batches.all_results(job) if has_results and job.state == "ended" else ()
                await http.whole(200, show(job, found, incoming), [JSON])
            case ListBatches(kind=kind, decode=window, encode=encode_page):
                page = await batches.page(kind, window(incoming), context)
                await http.whole(200, encode_page(page, incoming), [JSON])
            case CancelBatch(kind=kind, encode=encode):
                job = await batches.cancel(kind, batch, context)
                await http.whole(200, encode(job, incoming), [JSON])
            case DeleteBatch(kind=kind, encode=tell):
                await batches.delete(kind, batch, context)
                await http.whole(200, tell(batch), [JSON])
            case ReadResults(kind=kind, encode=line):
                results = await batches.results(kind, batch, context)
                await send_pieces(http, (line(result) async for result in results), [_JSONL])
            case _:
                assert_never(service)


class ResponseEndpoints:
    """Responses, kept or still being made."""

    def __init__(self, deferred: Deferred, archive: Archive) -> None:
        self._background = deferred.background
        self._worker = deferred.worker
        self._archive = archive

    async def begin(
        self, exchange: KeptExchange, http: Http, incoming: Incoming, marked: Stamp, context: Context
    ) -> None:
        """`exchange` wants its answer later. Raises GatewayError as long as nothing was sent."""
        response, queued = await self._background.begin(exchange, incoming.body, marked, context)
        self._worker.poke()
        headers = ignored(exchange.request.ignored)
        if wants_stream(incoming.body):
            await self._stream(response, 0, http, context, headers)
        else:
            await http.whole(200, queued, [JSON, *headers])

    async def serve(
        self,
        service: GetResponse | CancelResponse | DeleteResponse,
        http: Http,
        incoming: Incoming,
        context: Context,
    ) -> None:
        response = incoming.path["response"]
        match service:
            case GetResponse(replay=replay):
                first = replay(incoming)
                if first is not None:
                    await self._stream(response, first, http, context, [])
                else:
                    await http.whole(200, await self._shown(response, context), [JSON])
            case CancelResponse():
                body = await self._background.cancel(response, context)
                if body is None:
                    await self._archive.response(response, context)
                    raise invalid("Cannot cancel a synchronous response.")
                self._worker.stop_job(response)
                self._worker.poke()
                await http.whole(200, body, [JSON])
            case DeleteResponse(encode=tell):
                was_made = await self._background.delete(response, context)
                if was_made:
                    self._worker.stop_job(response)
                if not await self._archive.delete_response(response, context) and not was_made:
                    raise absent.no_response(response)
                await http.whole(200, tell(response), [JSON])
            case _:
                assert_never(service)

    async def _shown(self, response: str, context: Context) -> bytes:
        made = await self._background.get(response, context)
        return made if made is not None else (await self._archive.response(response, context)).body

    async def _stream(self, response: str, first: int, http: Http, context: Context, headers: list[Header]) -> None:
        frames = await self._background.stream(response, first, context)
        if frames is None:
            await self._archive.response(response, context)
            message = (
                "stream: only a response that is generated in the background can be streamed again. Leave stream out: "
                "the response is complete."
            )
            raise invalid(message, "stream", "unsupported_value")
        more: list[Header] = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await http.head(200, [*more, (b"x-accel-buffering", b"no"), *headers])
        idle = KeepAlive(http, keepalive())
        try:
            async for data in frames:
                idle.is_quiet = False
                await http.write(data)
        finally:
            idle.stop()
        await http.write(b"", more=False)


async def send_pieces(http: Http, pieces: AsyncIterator[bytes], headers: list[Header]) -> None:
    """An answer that is never whole in memory. What fails once it has begun ends the connection improperly."""
    waiting = bytearray()
    await http.head(200, headers)
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= _PIECE:
            await http.write(bytes(waiting))
            waiting.clear()
    await http.write(bytes(waiting), more=False)


def attachment(name: str, mime: str) -> list[Header]:
    """A client's own bytes must never become a page of the gateway's origin."""
    return [
        (b"content-type", mime.encode("latin-1", "replace")),
        (b"x-content-type-options", b"nosniff"),
        (b"content-disposition", f"attachment; filename*=UTF-8''{quote(name)}".encode()),
    ]
