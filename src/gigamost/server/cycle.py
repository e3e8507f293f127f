"""One request and its response as ASGI messages. Head and first body of a response are one write."""

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
_FAILED: Final = b"Internal Server Error"


class Cycle:
    """`scope` is set before it runs. Raises RuntimeError when an application breaks ASGI's order.

    `receive` and `send` each have one caller at a time, but for writes that are whole in themselves.
    """

    scope: Scope
    is_started = False  # the head of the response was made
    _is_complete = False
    _is_lost = False
    _waiting_bytes = 0
    _body_whole = False
    _body_read = False
    _continued = False
    _wake: asyncio.Future[None] | None = None
    _when_lost: Callable[[], None] | None = None
    _head = b""  # waits for the first part of the body
    _bodiless = False
    _chunked = False
    _remaining: int | None = None  # bytes of the announced length; None: until the connection ends

    def __init__(self, connection: "Connection", *, keep_alive: bool) -> None:
        self._connection = connection
        self._keep_alive = keep_alive
        self._chunks: list[bytes] = []

    async def run(self) -> None:
        """The application, to its end. What it leaves unanswered is a 500, what it leaves half is cut."""
        try:
            await self._run()
        finally:
            # Both lead back here: without this every request is garbage that only the collector finds.
            self._when_lost = None
            del self.scope

    async def _run(self) -> None:
        try:
            await self._connection.listening.application(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._cut()
            raise
        except Exception:
            log.exception("the application failed")
        if self.is_started or self._is_lost:
            self._cut()
            return
        self._keep_alive = False
        length = b"%d" % len(_FAILED)
        await self.send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", length)]})
        await self.send({"type": "http.response.body", "body": _FAILED})

    def on_lost(self, call: Callable[[], None] | None) -> None:
        """`call` is called when the client goes away before the response is complete; None takes that back."""
        self._when_lost = call
        if self._is_lost and call is not None:
            call()

    # from the connection

    def take(self, data: bytes) -> None:
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _HIGH_WATER and self._connection.transport is not None:
            self._connection.transport.pause_reading()
        self._notify()

    def body_ended(self) -> None:
        self._body_whole = True
        self._notify()

    def lost(self) -> None:
        self._is_lost = True
        if self._when_lost is not None and not self._is_complete:
            self._when_lost()
        self._notify()

    # ASGI

    async def receive(self) -> Message:
        while not (self._chunks or (self._body_whole and not self._body_read) or self._is_lost or self._is_complete):
            self._invite()
            self._wake = self._connection.listening.loop.create_future()
            await self._wake
        if self._is_lost or self._is_complete:
            return _GONE
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        if self._waiting_bytes > _HIGH_WATER and self._connection.transport is not None:
            self._connection.transport.resume_reading()
        self._waiting_bytes = 0
        self._body_read = self._body_whole
        return {"type": "http.request", "body": body, "more_body": not self._body_whole}

    async def send(self, message: Message) -> None:
        while self._connection.writable is not None:
            await asyncio.shield(self._connection.writable)
        transport = self._connection.transport
        if transport is None or self._is_lost:
            return
        if not self.is_started:
            self._start(message)
            return
        if message["type"] != "http.response.body" or self._is_complete:
            raise RuntimeError(f"{message['type']} is out of order")
        data: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if self._bodiless:
            data = b""
        elif self._chunked:
            if data:
                data = b"%x\r\n%b\r\n" % (len(data), data)
            if not more:
                data += b"0\r\n\r\n"
        elif self._remaining is not None:
            self._remaining -= len(data)
        if self._head:
            data, self._head = self._head + data, b""
        if data:
            transport.write(data)
        if not more:
            self._finish()

    def _start(self, message: Message) -> None:
        """Keeps the head back: it goes out with the first part of the body."""
        if message["type"] != "http.response.start":
            raise RuntimeError(f"{message['type']} before http.response.start")
        status: int = message["status"]
        listening = self._connection.listening
        lines = [_STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status, listening.date()]
        for name, value in message["headers"]:
            if name == b"content-length":
                self._remaining = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self._keep_alive = False
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        self._bodiless = self.scope["method"] == "HEAD" or status in (204, 304)
        if self._remaining is None and not self._bodiless:
            if self.scope["http_version"] == "1.1":
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self._keep_alive = False
        self._keep_alive = self._keep_alive and self._body_whole and not listening.draining
        lines.append(b"\r\n" if self._keep_alive else b"connection: close\r\n\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) + (not self._keep_alive) or head.count(b"\r") != head.count(b"\n"):
            raise RuntimeError("a response header has a line break in it")
        self._head = head
        self.is_started = True

    def _finish(self) -> None:
        self._is_complete = True
        self._notify()
        if self._remaining and not self._bodiless:
            self._connection.end()  # too short or too long: the next answer would not be where the client looks
        else:
            self._connection.answered(self, keep=self._keep_alive)

    def _cut(self) -> None:
        """The client sees a body without its end. Who is lost is the connection's business."""
        if not self._is_complete and not self._is_lost:
            self._connection.end()

    def _invite(self) -> None:
        """Says that the body may come, to a client that waits for that (RFC 9110, 10.1.1)."""
        if self._continued or self._body_whole or self.is_started or self._connection.transport is None:
            return
        self._continued = True
        if any(name == b"expect" and value.lower() == b"100-continue" for name, value in self.scope["headers"]):
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _notify(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None and not wake.done():
            wake.set_result(None)
