"""Answers as HTTP. 200 is sent with the first content, never before; what fails later is said in the stream."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic, time
from typing import Final
from urllib.parse import quote

from gigamost.core.codec import Exchange, Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Failure
from gigamost.pipeline.answer import Answering
from gigamost.pipeline.desk import Trail
from gigamost.pipeline.relay import Relayed
from gigamost.server.exchange import Http
from gigamost.server.types import Header

log = logging.getLogger(__name__)

JSON: Header = (b"content-type", b"application/json")
KEEPALIVE: Final = 15.0  # seconds of silence in a stream before something is sent
_IGNORED_LIMIT = 4096  # bytes of the x-gigamost-ignored header
_SAFE = "[]._-$/:@ "


def stamp(http: Http, model: str) -> Stamp:
    return Stamp(http.request_id.replace("-", ""), int(time()), model, http.elapsed)


def told(http: Http, answer: Answering | Relayed) -> list[Header]:
    """What the gateway says about an answer in its headers."""
    trail = answer.trail
    overhead = (monotonic() - http.started - trail.upstream_seconds - trail.queued_seconds) * 1000
    headers = [
        (b"x-gigamost-upstream", trail.upstream.encode("latin-1", "replace")),
        (b"x-gigamost-attempts", str(trail.posts).encode()),
        (b"x-gigamost-overhead-ms", f"{max(overhead, 0):.1f}".encode()),
    ]
    return headers + cached(trail) + ignored(answer.ignored)


def cached(trail: Trail) -> list[Header]:
    """`x-gigamost-cache`, for keys with a cache."""
    if not trail.cache:
        return []
    headers = [(b"x-gigamost-cache", trail.cache.encode())]
    return [*headers, (b"age", str(trail.age).encode())] if trail.cache == "hit" else headers


def ignored(names: Sequence[str]) -> list[Header]:
    """`x-gigamost-ignored`: the names as the client wrote them, unsafe characters percent-encoded, 4 KB at most."""
    if not names:
        return []
    value = ", ".join(quote(name, safe=_SAFE, errors="replace") for name in dict.fromkeys(names))
    if len(value) > _IGNORED_LIMIT:
        value = value[: value.rfind(",", 0, _IGNORED_LIMIT - 5) + 1] + " ..."
    return [(b"x-gigamost-ignored", value.lstrip().encode("ascii"))]


async def respond(http: Http, exchange: Exchange, answer: Answering, marked: Stamp) -> None:
    """Whole or as a stream, as the client asked; closes the answer."""
    try:
        await (_stream if exchange.request.stream else _whole)(http, exchange, answer, marked)
    finally:
        answer.close()


async def _whole(http: Http, exchange: Exchange, answer: Answering, marked: Stamp) -> None:
    if answer.reply is None:
        raise TypeError("only a stream may be answered before it is whole")
    body = exchange.encode(answer.reply, marked)
    await http.whole(200, body, [(b"content-type", exchange.content_type.encode()), *told(http, answer)])


async def _stream(http: Http, exchange: Exchange, answer: Answering, marked: Stamp) -> None:
    encoder = exchange.encoder(marked)
    data = b"".join(map(encoder.feed, await answer.read()))
    content_type = encoder.content_type.encode()
    headers = [(b"content-type", content_type), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
    await http.head(200, headers + told(http, answer))
    idle = KeepAlive(http, encoder.keepalive())
    try:
        await http.write(data)
        feed = encoder.feed
        while not answer.ended:
            events = await answer.read()
            data = feed(events[0]) if len(events) == 1 else b"".join(map(feed, events))
            if data:
                idle.is_quiet = False
                await http.write(data)
    except Exception:
        # The head is out, so this is the second edge: whatever happened, the client must not take it for an end.
        log.exception("request %s broke inside its stream", http.request_id)
        await http.write(encoder.feed(Failure(Problem(Kind.INTERNAL, "The gateway failed while it was answering."))))
    finally:
        idle.stop()
    await http.write(b"", more=False)


class KeepAlive:
    """Sends `data` when nothing else was sent from one tick of `seconds` to the next: who sends says so by `is_quiet`,
    because reading the clock with every chunk costs more."""

    def __init__(self, http: Http, data: bytes, seconds: float = KEEPALIVE) -> None:
        self._http = http
        self._data = data
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self.is_quiet = True
        self._sending: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(seconds, self._tick) if data else None

    def stop(self) -> None:
        for each in (self._timer, self._sending):
            if each is not None:
                each.cancel()

    def _tick(self) -> None:
        slow = self._sending is not None and not self._sending.done()  # the client does not read what there is
        if self.is_quiet and not slow:
            self._sending = self._loop.create_task(self._send())
        self.is_quiet = True
        self._timer = self._loop.call_later(self._seconds, self._tick)

    async def _send(self) -> None:
        await self._http.write(self._data)
