"""A scripted peer: each connection runs a script that reads requests and writes the exact bytes it likes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from gigamost.upstreams.http import HttpRequest
from gigamost.upstreams.transport import HttpTransport


class Link(asyncio.Protocol):
    """The server's end of one connection. `closed` is set once the client has gone."""

    def __init__(self, accept: Callable[["Link"], None]) -> None:
        self.received = bytearray()
        self.closed = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.requests = 0
        self.forward: Callable[[bytes], None] | None = None  # where bytes go once this is a tunnel
        self._accept = accept
        self._changed = asyncio.Event()

    async def request(self) -> bytes:
        """The next whole request; b"" when the client has gone instead."""
        while (size := _request_size(self.received)) is None:
            if self.closed.is_set():
                return b""
            self._changed.clear()
            await self._changed.wait()
        whole = bytes(self.received[:size])
        del self.received[:size]
        self.requests += 1
        return whole

    async def first_bytes(self) -> None:
        """Returns once something has come."""
        while not self.received:
            self._changed.clear()
            await self._changed.wait()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self) -> None:
        self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._accept(self)

    def data_received(self, data: bytes) -> None:
        if self.forward is not None:
            self.forward(data)
            return
        self.received += data
        self._changed.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        self.writable.set()
        self._changed.set()


Script = Callable[[Link], Awaitable[None]]


class Peer:
    def __init__(self, scheme: str) -> None:
        self.links: list[Link] = []
        self.port = 0
        self._scheme = scheme
        self._accepted = asyncio.Event()

    def accept(self, link: Link) -> None:
        self.links.append(link)
        self._accepted.set()

    async def link(self, number: int = 0) -> Link:
        """The connection of that number, once it has been made and the client has sent something."""
        while len(self.links) <= number:
            self._accepted.clear()
            await self._accepted.wait()
        await self.links[number].first_bytes()
        return self.links[number]

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """A script that raises fails the test at the end."""
    peer = Peer("http" if tls is None else "https")
    scripts: list[asyncio.Task[None]] = []

    async def run(link: Link) -> None:
        await script(link)

    def accept(link: Link) -> None:
        peer.accept(link)
        scripts.append(asyncio.get_running_loop().create_task(run(link)))

    server = await asyncio.get_running_loop().create_server(lambda: Link(accept), "127.0.0.1", 0, ssl=tls, backlog=512)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task, link in zip(scripts, peer.links, strict=True):
            if not task.done():
                task.cancel()
            link.transport.abort()
        results = await asyncio.gather(*scripts, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def answering(answer: bytes) -> Script:
    """The same bytes for every request, on a connection that stays open."""

    async def script(link: Link) -> None:
        while await link.request():
            link.write(answer)

    return script


def once_then(*, first: bytes, second: bytes) -> Script:
    """Two requests on one connection: a test of short times should not measure how long connecting takes."""

    async def script(link: Link) -> None:
        await link.request()
        link.write(first)
        await link.request()
        link.write(second)
        await link.closed.wait()

    return script


def then_closing(answer: bytes) -> Script:
    async def script(link: Link) -> None:
        await link.request()
        link.write(answer)
        link.close()

    return script


async def silent(link: Link) -> None:
    await link.closed.wait()


@contextlib.asynccontextmanager
async def client(**settings: object) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(**settings)  # type: ignore[arg-type]  # keyword arguments passed through
    try:
        yield transport
    finally:
        await transport.close()


def post(url: str, body: bytes = b"{}") -> HttpRequest:
    return HttpRequest("POST", url, (("Content-Type", "application/json"),), body)


def get(url: str) -> HttpRequest:
    return HttpRequest("GET", url)


def _request_size(data: bytearray) -> int | None:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = 0
    for line in bytes(data[:end]).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    size = end + 4 + length
    return size if len(data) >= size else None
