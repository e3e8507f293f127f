"""One answer while it arrives: bytes in by `feed`, the body out by `chunk`.

    head --feed--> body --feed|eof--> ended        any of them --fail|close--> failed

Bytes that came before a failure are read first; a body that was cut never ends cleanly.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import httptools

from gigamost.upstreams.http import TransportError
from gigamost.upstreams.inflate import Inflater

HIGH_WATER: Final = 256 * 1024  # unread body bytes after which the peer has to wait
HEAD_LIMIT: Final = 64 * 1024  # bytes that bring neither a whole head nor a body byte: headers, trailers, extensions


class Flow(Protocol):
    """The connection that an answer comes from."""

    peer: str

    def resume(self) -> None: ...

    def abort(self) -> None: ...


class Answer:
    """A `Response`. `status` is 0 until the head has come; 1xx answers are skipped. One reader at a time.

    Cancelling `head`, `chunk` or `read` closes the connection.
    """

    __slots__ = (
        "_bodiless", "_dry", "_error", "_fields", "_flow", "_inflater", "_loop", "_parser", "_pieces", "_until_eof",
        "_waiter", "buffered", "ended", "headers", "persistent", "status",
    )  # fmt: skip

    def __init__(self, flow: Flow, loop: asyncio.AbstractEventLoop, *, bodiless: bool = False) -> None:
        """`bodiless`: the answer ends with its head, whatever that says (HEAD, CONNECT)."""
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.ended = False
        self.persistent = False  # once ended: the connection can carry another exchange
        self.buffered = 0
        self._flow: Flow | None = flow
        self._loop = loop
        self._bodiless = bodiless
        self._fields: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._dry = 0
        self._until_eof = False
        self._inflater: Inflater | None = None
        self._error: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Bytes from the wire. Raises TransportError (protocol, too_large)."""
        if self._parser is None:
            return
        self._dry += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.ended:
                raise self._refusal(error) from None
            self.persistent = False
        if self.ended:
            self._detach()
        elif self._dry > HEAD_LIMIT:
            raise self._problem(f"sent {self._dry} bytes of headers (limit {HEAD_LIMIT})")
        self.wake()

    def eof(self, error: TransportError) -> None:
        """The peer has sent all it will: the end of a body without a length, else `error`."""
        if self._until_eof:
            try:
                self._finish(persistent=False)
            except TransportError as cut:
                error = cut
        self.fail(error)

    def fail(self, error: TransportError) -> None:
        """No more bytes will come. Nothing happens when the answer has ended or failed before."""
        if not self.ended and self._error is None:
            self._error = error
        self._detach()
        self.wake()

    def wake(self) -> None:
        """Lets the reader look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def head(self) -> None:
        """Returns once status and headers are there. Raises TransportError."""
        while not self.status:
            await self.news()

    async def news(self) -> None:
        """Returns after the next bytes, or when `wake` is called. Raises what `fail` was told."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

    async def chunk(self) -> bytes:
        """All body bytes that have come, at least one; b"" at the proper end. Raises TransportError."""
        while not self._pieces:
            if self.ended:
                return b""
            await self.news()
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if self.buffered > HIGH_WATER and self._flow is not None:
            self._flow.resume()
        self.buffered = 0
        return data

    async def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        """The whole rest of the body. Raises TransportError, `too_large` for more than `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        while part := await self.chunk():
            size += len(part)
            if size > limit:
                self.close()
                raise TransportError("too_large", f"the answer is longer than {limit} bytes")
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """An answer that has not ended takes its connection with it."""
        flow = self._flow
        if flow is not None:
            self.fail(TransportError("reset", f"the answer of {flow.peer} was closed before its end"))
            flow.abort()

    def on_message_begin(self) -> None:
        if self.ended:
            self.persistent = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:
            return  # a trailer
        key, text, fields = name.decode("latin-1").lower(), value.decode("latin-1"), self._fields
        fields[key] = f"{fields[key]}, {text}" if key in fields else text

    def on_headers_complete(self) -> None:
        if self.ended or self._parser is None:
            return
        status, fields = self._parser.get_status_code(), self._fields
        if status < 200:
            if status < 100 or status == 101:
                raise self._problem(f"answered with status {status}, which nobody asked for")
            self._fields = {}
            return
        transfer = fields.get("transfer-encoding")
        if transfer is not None and transfer.strip().lower() != "chunked":
            raise self._problem("sent a transfer-encoding other than chunked")
        self._until_eof = transfer is None and "content-length" not in fields and status not in (204, 304)
        if "content-encoding" in fields and not self._bodiless:
            self._inflater = self._inflater_for(fields)
        self.headers, self.status = fields, status
        if self._bodiless:
            self._finish(persistent=self._parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        if self.ended:  # a body after HEAD
            self.persistent = False
            return
        self._dry = 0
        if self._inflater is not None:
            body = self._inflater.feed(body)
            if not body:
                return
        self._pieces.append(body)
        self.buffered += len(body)

    def on_message_complete(self) -> None:
        if self.status and not self.ended and self._parser is not None:
            self._finish(persistent=self._parser.should_keep_alive())

    def _finish(self, *, persistent: bool) -> None:
        if self._inflater is not None:
            self._inflater.close()
        self.ended, self.persistent = True, persistent

    def _detach(self) -> None:
        self._flow = None
        self._parser = None  # the parser holds our methods: without this every answer is a reference cycle

    def _inflater_for(self, fields: dict[str, str]) -> Inflater | None:
        encoding = fields["content-encoding"].strip().lower()
        if encoding in ("", "identity"):
            return None
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise self._problem("compressed its answer in a way that was not asked for")
        del fields["content-encoding"]  # the headers describe what the reader gets
        fields.pop("content-length", None)
        return Inflater(self._flow.peer if self._flow else "")

    def _problem(self, what: str) -> TransportError:
        return TransportError("protocol", f"{self._flow.peer if self._flow else 'the peer'} {what}")

    def _refusal(self, error: Exception) -> TransportError:
        if isinstance(error.__context__, TransportError):
            return error.__context__
        return self._problem(f"does not answer in HTTP/1.1: {error}")
