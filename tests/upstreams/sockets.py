"""An upstream for tests on a real socket: it answers by a function and remembers what it was asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple


class Seen(NamedTuple):
    """A request as it came over the wire; `at` is seconds of the event loop's clock."""

    line: str
    headers: dict[str, str]
    body: bytes
    at: float


Answer = Callable[[Seen], Awaitable[tuple[int, bytes]]]


class Peer(NamedTuple):
    url: str
    seen: list[Seen]


@contextlib.asynccontextmanager
async def serving(answer: Answer, context: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Peer]:
    seen: list[Seen] = []
    open_connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Seen(head[0], headers, body, asyncio.get_running_loop().time())
            seen.append(request)
            status, content = await answer(request)
            writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\n" % status)
            writer.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            writer.transport.abort()
            open_connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
    scheme = "http" if context is None else "https"
    try:
        yield Peer(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen)
    finally:
        server.close()
        for task in open_connections:
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)
        await asyncio.sleep(0)  # aborted connections close in the loop's next round
