"""One HTTP request and its response: reading the body within limits, noticing that the client has gone, sending."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from time import monotonic, time
from typing import Literal
from urllib.parse import parse_qsl

from gigamost.core.errors import GatewayError, Kind
from gigamost.limits import headers as limits
from gigamost.limits.headers import Allowance
from gigamost.pipeline.desk import Visit
from gigamost.server.types import App, Header, Message, Receive, Scope, Send

DISCONNECT = "gigamost.disconnect"  # takes what to call when the client has gone, or None
MAX_BODY = 128 * 1024 * 1024  # bytes: 80 MB of media (GigaChat's limit for a request) in Base64, and their text


class Http:
    """`status` is 0 until the head of the response was sent. `request_id` is ours."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.address: str = (scope.get("client") or ("",))[0]  # of the connection's other end
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.request_id = request_id
        self.started = monotonic()
        self.status = 0
        self.sent_bytes = 0
        self.client_gone = False
        self.visit: Visit | None = None  # once it has entered
        self.limit_words: Literal["openai", "anthropic"] = "openai"
        self.common: list[Header] = []  # headers of every response, whatever it is
        self._query: bytes = scope.get("query_string", b"")
        self._extensions = scope.get("extensions") or {}
        self._task: asyncio.Task[None] | None = None
        self._scope = scope
        self._receive = receive
        self._send = send

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self._query.decode("latin-1"))) if self._query else {}

    def elapsed(self) -> int:
        """Nanoseconds since the request came."""
        return int((monotonic() - self.started) * 1_000_000_000)

    async def body(self, limit: int = MAX_BODY) -> bytes:
        """Raises GatewayError (413), ClientGone."""
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def chunks(self, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        """The body as it comes. Raises GatewayError (413), ClientGone."""
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
            yield chunk

    async def head(self, status: int, headers: list[Header]) -> None:
        self.status = status
        if status == 200 and self.visit is not None:
            self.visit.show()
        if self.visit is not None and self.visit.stay.known:
            headers += _left(self.visit.stay.known, self.limit_words)
        headers.append((b"x-request-id", self.request_id.encode()))
        headers += self.common
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def write(self, data: bytes, *, more: bool = True) -> Awaitable[None]:
        self.sent_bytes += len(data)
        return self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def whole(self, status: int, data: bytes, headers: list[Header]) -> None:
        """A response in one piece. An answer to HEAD has the headers alone."""
        headers.append((b"content-length", str(len(data)).encode()))
        await self.head(status, headers)
        await self.write(b"" if self.method == "HEAD" else data, more=False)

    async def hand_over(self, app: App) -> None:
        """Lets another ASGI application answer; what every response of ours has, its has too."""

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                own = [(b"x-request-id", self.request_id.encode()), *self.common]
                message = {**message, "headers": [*message["headers"], *own]}
            self.sent_bytes += len(message.get("body", b""))
            await self._send(message)

        await app(self._scope, self._receive, send)

    def watch(self) -> None:
        """From here on the task is cancelled when the client goes away: nobody pays for an answer to nobody.

        The server calls back (an ASGI extension of ours): a task that waits for a disconnect costs more than the rest
        of a small request. Other servers have no such extension, and there a request is answered to its end.
        """
        register = self._extensions.get(DISCONNECT)
        if register is not None:
            self._task = asyncio.current_task()
            register(self._leave)

    def _leave(self) -> None:
        self.client_gone = True
        if self._task is not None:
            self._task.cancel()


def _left(known: Sequence[Allowance], words: Literal["openai", "anthropic"]) -> list[Header]:
    told = limits.anthropic(known, time) if words == "anthropic" else limits.openai(known)
    return [(name.encode(), value.encode()) for name, value in told.items()]


def _too_large(limit: int) -> GatewayError:
    return GatewayError(Kind.TOO_LARGE, f"The request body is larger than {limit // 2**20} MiB.")


class ClientGone(Exception):  # noqa: N818 - nothing went wrong here: the client left
    """The client closed the connection before its answer."""
