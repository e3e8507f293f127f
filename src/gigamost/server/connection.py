"""One client connection: HTTP/1.1 on httptools, ASGI 3 above it, bounded in size and time (docs/adr/0002).

    idle --first byte--> head --complete--> body and answer --both whole--> idle | closed
    anywhere --unreadable, or answered before its body came--> deaf: half-closed, until the client closes

No timer belongs to a connection: each has a deadline, which `Listening` looks at now and then. A client that closes its
sending side counts as gone, because nothing tells that from one that closed both.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

import httptools

from gigamost.server.cycle import Cycle
from gigamost.server.exchange import DISCONNECT
from gigamost.server.refusal import Refused

if TYPE_CHECKING:
    from gigamost.server.run import Listening

MAX_HEAD: Final = 64 * 1024  # bytes of a target and its headers, and of whatever else comes without a byte of a body
MAX_HEADERS: Final = 200
MAX_PIPELINED: Final = 16
_FOREVER: Final = float("inf")
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class Connection(asyncio.Protocol):
    transport: asyncio.Transport | None = None  # there while connected
    writable: asyncio.Future[None] | None = None  # there while the client reads too slowly
    _reading: Cycle | None = None  # the request whose body is still coming
    _deaf = False  # whatever comes is thrown away
    _farewell = b""  # written when what was asked before is answered
    _quiet = 0  # bytes that came since the last sign of progress: httptools keeps an endless header to itself
    _unsent = 0  # bytes that waited for the client at the last look
    _url = b""

    def __init__(self, listening: "Listening") -> None:
        self.listening = listening
        self.deadline = listening.loop.time() + listening.times.head
        self._parser = httptools.HttpRequestParser(self)
        self._cycles: deque[Cycle] = deque()  # the request that is answered, and pipelined ones behind it
        self._headers: list[tuple[bytes, bytes]] = []
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
        self.listening.left(self)
        for cycle in self._cycles:
            cycle.lost()
        self._cycles.clear()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._quiet += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Refused):
                raise  # a bug of ours: the event loop logs it and closes the connection
            self._refuse(error.__context__)
        except httptools.HttpParserError:
            self._refuse(Refused.no_http())
        else:
            if self._quiet > MAX_HEAD:
                self._refuse(Refused.too_large())

    def pause_writing(self) -> None:
        if self.writable is None:
            self.writable = self.listening.loop.create_future()
        self.deadline = self._in(self.listening.times.stall)

    def resume_writing(self) -> None:
        waiting, self.writable = self.writable, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if not self._deaf and self._cycles:
            self.deadline = _FOREVER if self._reading is None else self._in(self.listening.times.body)

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []
        self.deadline = self._in(self.listening.times.head)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._parser.should_upgrade():
            return  # see `_ignore_upgrade`
        url, parser = self._url, self._parser
        headers, self._headers = self._headers, []  # trailers, if any, are nobody's
        if len(headers) > MAX_HEADERS or (
            self._quiet > MAX_HEAD and len(url) + sum(len(name) + len(value) for name, value in headers) > MAX_HEAD
        ):
            raise Refused.too_large()
        if len(self._cycles) >= MAX_PIPELINED:
            raise Refused.too_many()
        self._quiet = 0
        if url.startswith(b"/"):
            path, _, query = url.partition(b"?")
        else:
            path, query = _absolute(url)
        version = parser.get_http_version()
        cycle = Cycle(self, keep_alive=version == "1.1" and parser.should_keep_alive())
        text = path.decode("latin-1")
        cycle.scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": parser.get_method().decode("latin-1"),
            "scheme": "http",
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "headers": headers,
            "server": self._server,
            "client": self._client,
            "extensions": {DISCONNECT: cycle.on_lost},
        }
        self._reading = cycle
        self.deadline = self._in(self.listening.times.body)
        self._cycles.append(cycle)
        if len(self._cycles) == 1:
            self.listening.run(cycle)

    def on_body(self, body: bytes) -> None:
        self._quiet = 0
        if self._reading is not None:
            self._reading.take(body)

    def on_message_complete(self) -> None:
        cycle, self._reading = self._reading, None
        self._quiet = 0
        self.deadline = _FOREVER  # the request is whole: its answer has a timeout of its own
        if cycle is not None:
            cycle.body_ended()

    # what a cycle and the server call

    def answered(self, cycle: Cycle, *, keep: bool) -> None:
        """The answer is whole: the next request's turn, or the end."""
        if self.transport is None:
            return
        self._cycles.popleft()
        if self._reading is cycle:
            self._linger(self.transport)  # refused before its body had come
        elif not keep:
            self.end()
        elif self._cycles:
            self.listening.run(self._cycles[0])
        elif self._farewell:
            self._linger(self.transport)
        else:
            self.deadline = min(self.deadline, self._in(self.listening.times.idle))  # the next head may have begun

    def end(self) -> None:
        """Closes when everything that was written is out."""
        self._deaf = True
        self.deadline = self._in(self.listening.times.stall)
        if self.transport is not None:
            self.transport.close()

    def look(self, now: float) -> None:
        """Cuts who is too slow. Who takes what was written, however slowly, is not."""
        if self.deadline < now and self.transport is not None:
            unsent = self.transport.get_write_buffer_size()
            if unsent and unsent != self._unsent:
                self._unsent, self.deadline = unsent, now + self.listening.times.stall
            else:
                self.cut()

    def cut(self) -> None:
        """Closes at once; what is not out yet is lost."""
        if self.transport is not None:
            self.transport.abort()

    def is_idle(self) -> bool:
        return not self._cycles

    def _in(self, seconds: float) -> float:
        return self.listening.loop.time() + seconds

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Reads a head again without its wish for another protocol, with which llhttp would not read the body. Java's
        client has the wish for every server without TLS (h2c), and a server may ignore it (RFC 9110, 7.8)."""
        method = self._parser.get_method()
        lines = [b"%b: %b\r\n" % header for header in self._headers if header[0] != b"upgrade"]
        if method == b"CONNECT":
            self._refuse(Refused.no_http())
        else:
            self._parser = httptools.HttpRequestParser(self)
            self.data_received(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, self._url, b"".join(lines), rest))

    def _refuse(self, refused: Refused) -> None:
        """What cannot be read as a request is answered here, behind the answers to what was asked before."""
        self._deaf = True
        self._farewell = refused.answer
        broken, self._reading = self._reading, None
        if broken is not None:  # its body will never be whole
            self._cycles.pop()
            broken.lost()
            if broken.is_started:  # a second head inside its answer would say nothing
                self._farewell = b""
        if self.transport is not None and not self._cycles:
            self._linger(self.transport)

    def _linger(self, transport: asyncio.Transport) -> None:
        """Closing with something unread would reset the connection, and the answer with it (RFC 9112, 9.6)."""
        self._deaf = True
        self.deadline = self._in(self.listening.times.linger)
        transport.resume_reading()
        if self._farewell:
            transport.write(self._farewell)
        transport.write_eof()


def _absolute(url: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target that is no path: `http://host/path`, `*`. Raises Refused."""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError as error:
        raise Refused.no_http() from error
    return parsed.path or b"/", parsed.query or b""


def _address(info: Any) -> tuple[str, int] | None:
    return (str(info[0]), int(info[1])) if isinstance(info, tuple) else None
