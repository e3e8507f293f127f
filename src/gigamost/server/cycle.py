"""One request and its response as ASGI messages."""

import asyncio
import http
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gigamost.server.types import Message, Scope

if TYPE_CHECKING:
    from gigamost.server.connection import Connection

log = logging.getLogger(__name__)

_HIGH_WATER: Final = 256 * 1024  # bytes of a body that may wait for the application
_STATUS: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("latin-1") for status in http.HTTPStatus
}
_GONE: Final[Message] = {"type": "http.disconnect"}


class Cycle:
    """`scope` is set before it runs. Raises RuntimeError when an application breaks ASGI's order."""

    scope: Scope

    def __init__(self, connection: "Connection", *, keep_alive: bool) -> None:
        self.expects_continue = False
        self._connection = connection
        self._keep_alive = keep_alive
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._body_whole = False
        self._body_read = False
        self._is_lost = False
        self._wake: asyncio.Future[None] | None = None
        self._when_lost: Callable[[], None] | None = None
        self._head: list[bytes] | None = None
        self._started = False
        self._complete = False
        self._chunked = False
        self._expected = 0

    async def run(self) -> None:
        """The application, to its end. What it leaves unanswered is a 500, what it leaves half is cut."""
        try:
            await self._connection.listening.application(self.scope, self.receive, self.send)
        except Exception:
            log.exception("the application failed")
        if self._complete or self._connection.transport is None:
            return
        if self._started:
            self._connection.transport.abort()
        else:
            self._keep_alive = False
            body = b"Internal Server Error"
            await self.send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"21")]})
            await self.send({"type": "http.response.body", "body": body})

    def on_lost(self, call: Callable[[], None] | None) -> None:
        """`call` is called when the client goes away before the response is complete; None takes that back."""
        self._when_lost = call

    # from the connection

    def take(self, data: bytes) -> None:
        if self._complete:
            return  # refused: what still comes is thrown away
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _HIGH_WATER and self._connection.transport is not None:
            self._connection.transport.pause_reading()
        self._notify()

    def body_ended(self) -> None:
        self._body_whole = True
        if self._complete and self._connection.transport is not None:
            self._connection.transport.close()
        self._notify()

    def lost(self) -> None:
        self._is_lost = True
        if self._when_lost is not None and not self._complete:
            self._when_lost()
        self._notify()

    # ASGI

    async def receive(self) -> Message:
        while not (self._chunks or (self._body_whole and not self._body_read) or self._is_lost):
            if self.expects_continue and not self._body_whole and self._connection.transport is not None:
                self.expects_continue = False
                self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._wake = self._connection.listening.loop.create_future()
            await self._wake
        if self._is_lost:
            return _GONE
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        if self._waiting_bytes > _HIGH_WATER and self._connection.transport is not None:
            self._connection.transport.resume_reading()
        self._waiting_bytes = 0
        self._body_read = self._body_whole
        return {"type": "http.request", "body": body, "more_body": not self._body_whole}

    async def send(self, message: Message) -> None:
        if self._connection.writable is not None:
            await asyncio.shield(self._connection.writable)
        transport = self._connection.transport
        if transport is None:
            return
        if not self._started:
            self._start(message)
            return
        if message["type"] != "http.response.body" or self._complete:
            raise RuntimeError(f"{message['type']} is out of order")
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                data += b"0\r\n\r\n"
        else:
            data = body
            self._expected -= len(body)
        if self._head is not None:
            self._head.append(data)
            data, self._head = b"".join(self._head), None
        if data:
            transport.write(data)
        if not more:
            self._finish()

    def _start(self, message: Message) -> None:
        """Keeps the head back: it goes out with the first part of the body."""
        if message["type"] != "http.response.start":
            raise RuntimeError(f"{message['type']} before http.response.start")
        self._started = True
        status: int = message["status"]
        head = [_STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status, self._connection.listening.date()]
        length: int | None = None
        for name, value in message["headers"]:
            if b"\n" in value or b"\r" in value:
                raise RuntimeError(f"the header {name!r} has a line break in its value")
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self._keep_alive = False
                continue
            head += (name, b": ", value, b"\r\n")
        bodiless = self.scope["method"] == "HEAD" or status in (204, 304)
        if length is None and not bodiless:
            if self.scope["http_version"] == "1.0":
                self._keep_alive = False
            else:
                self._chunked = True
                head.append(b"transfer-encoding: chunked\r\n")
        self._expected = 0 if bodiless else length or 0
        self._keep_alive = self._keep_alive and self._body_whole
        head.append(b"\r\n" if self._keep_alive else b"connection: close\r\n\r\n")
        self._head = head

    def _finish(self) -> None:
        self._complete = True
        self._notify()
        if self._expected and not self._chunked and self._connection.transport is not None:
            self._connection.transport.abort()  # a short body must not look like a whole one
            return
        self._connection.answered(self, keep=self._keep_alive)

    def _notify(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None and not wake.done():
            wake.set_result(None)
