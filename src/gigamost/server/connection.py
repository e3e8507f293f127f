"""One client connection: HTTP/1.1 on httptools, ASGI 3 above it, bounded in size and time.

Leaner than uvicorn's, because it is paid for with every request: head and body of a response are one write, who waits
for a disconnect is called instead of polled, and no timer belongs to a request (see `Listening.sweep`).

    idle --first byte--> head --complete--> body and answer --both whole--> idle | closed
"""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

import httptools

from gigamost.server.cycle import Cycle
from gigamost.server.exchange import DISCONNECT

if TYPE_CHECKING:
    from gigamost.server.run import Listening

log = logging.getLogger(__name__)

MAX_HEAD: Final = 64 * 1024  # bytes of request line and headers
MAX_HEADERS: Final = 200
MAX_PIPELINED: Final = 16
HEAD_TIME: Final = 30.0  # seconds from the first byte of a head to its last
BODY_TIME: Final = 600.0  # seconds for a whole body
IDLE_TIME: Final = 75.0  # seconds between two requests
LINGER_TIME: Final = 5.0  # seconds in which the rest of a refused body is thrown away, so that the refusal is read
FOREVER: Final = float("inf")


class Connection(asyncio.Protocol):
    def __init__(self, listening: "Listening") -> None:
        self.listening = listening
        self.deadline = listening.loop.time() + HEAD_TIME  # when the sweeper closes it
        self.transport: asyncio.Transport | None = None
        self.writable: asyncio.Future[None] | None = None  # there while the client reads too slowly
        self._parser = httptools.HttpRequestParser(self)
        self._reading: Cycle | None = None  # the request whose body is still coming
        self._cycles: deque[Cycle] = deque()  # the request that is answered, and pipelined ones behind it
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._refused = False
        self._server: tuple[str, int] | None = None
        self._client: tuple[str, int] | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's
        self.listening.connections.add(self)
        self._server = _address(transport.get_extra_info("sockname"))
        self._client = _address(transport.get_extra_info("peername"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.listening.connections.discard(self)
        for cycle in self._cycles:
            cycle.lost()
        self._cycles.clear()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, b"This server speaks HTTP/1.1 only.")
        except httptools.HttpParserError:
            if not self._refused:
                self._refuse(400, b"This is not a valid HTTP request.")

    def pause_writing(self) -> None:
        if self.writable is None:
            self.writable = self.listening.loop.create_future()

    def resume_writing(self) -> None:
        waiting, self.writable = self.writable, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self._url, self._headers, self._head_size = b"", [], 0
        self.deadline = self.listening.loop.time() + HEAD_TIME

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        parser = self._parser
        url = httptools.parse_url(self._url)
        path = url.path or b"/"
        cycle = Cycle(self, keep_alive=parser.should_keep_alive() and not self.listening.draining)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": parser.get_http_version(),
            "method": parser.get_method().decode("latin-1"),
            "scheme": "http",
            "path": unquote(path.decode("latin-1")) if b"%" in path else path.decode("latin-1"),
            "raw_path": path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "server": self._server,
            "client": self._client,
            "extensions": {DISCONNECT: cycle.on_lost},
        }
        cycle.expects_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers
        )
        self._reading = cycle
        self.deadline = self.listening.loop.time() + BODY_TIME
        self._cycles.append(cycle)
        cycle.scope = scope
        if len(self._cycles) == 1:
            self.listening.run(cycle)
        elif len(self._cycles) > MAX_PIPELINED:
            self._refuse(400, b"Too many pipelined requests.")

    def on_body(self, body: bytes) -> None:
        if self._reading is not None:
            self._reading.take(body)

    def on_message_complete(self) -> None:
        cycle, self._reading = self._reading, None
        self.deadline = FOREVER  # the request is whole: its answer has a timeout of its own
        if cycle is not None:
            cycle.body_ended()

    # what a cycle calls

    def answered(self, cycle: Cycle, *, keep: bool) -> None:
        """The answer is whole: the next request's turn, or the end."""
        if self.transport is None:
            return
        if self._reading is cycle:  # refused before its body had come
            self.deadline = self.listening.loop.time() + LINGER_TIME
            return
        self._cycles.popleft()
        if not keep or (self.listening.draining and not self._cycles):
            self.transport.close()
        elif self._cycles:
            self.listening.run(self._cycles[0])
        else:
            self.deadline = self.listening.loop.time() + IDLE_TIME

    def is_idle(self) -> bool:
        return not self._cycles

    def _count(self, size: int) -> None:
        self._head_size += size
        if not self._refused and (self._head_size > MAX_HEAD or len(self._headers) > MAX_HEADERS):
            self._refuse(431, b"The request's head is too large.")

    def _refuse(self, status: int, message: bytes) -> None:
        """What cannot be read as a request is answered here, once, and the connection closed."""
        self._refused = True
        if self.transport is not None:
            if not self._cycles:
                self.transport.write(
                    b"HTTP/1.1 %d \r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                    % (status, len(message), message)
                )
            self.transport.close()


def _address(info: Any) -> tuple[str, int] | None:
    return (str(info[0]), int(info[1])) if isinstance(info, tuple) else None
