"""HTTP by hand on a real socket: an application behind our connections, and a client that writes bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from gigamost.server.connection import Connection
from gigamost.server.run import Listening, listen
from gigamost.server.times import Times
from gigamost.server.types import App, Message, Receive, Scope, Send

LIMIT = 20.0  # seconds after which a test counts as stuck


class Served(NamedTuple):
    port: int
    listening: Listening


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def served(app: App, times: Times = Times()) -> AsyncIterator[Served]:  # noqa: B008 - a frozen value
    listener = listen("127.0.0.1", 0)
    listening = Listening(app, times)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(listening), sock=listener)
    try:
        yield Served(listener.getsockname()[1], listening)
    finally:
        server.close()
        await listening.close()
        while listening.connections:  # noqa: ASYNC110 - aborted ones end in the loop's next round
            await asyncio.sleep(0)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def ask(self, data: bytes, *, head_only: bool = False) -> Answer:
        self.write(data)
        return await self.answer(head_only=head_only)

    async def answer(self, *, head_only: bool = False) -> Answer:
        """Raises asyncio.IncompleteReadError when the answer was cut."""
        async with asyncio.timeout(LIMIT):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            status = int(head[0].split(" ")[1])
            if head_only or status in (100, 204, 304):
                body = b""
            elif "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
            elif headers.get("transfer-encoding") == "chunked":
                body = await self._chunks()
            else:
                body = await self.reader.read()
            return Answer(status, headers, body)

    async def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            parts.append(await self.reader.readexactly(size))
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return b"".join(parts)

    async def rest(self) -> bytes:
        """What comes until the server closes; a reset counts as closing."""
        async with asyncio.timeout(LIMIT):
            data = b""
            try:
                while piece := await self.reader.read(65536):
                    data += piece
            except ConnectionError:
                pass
            return data


@asynccontextmanager
async def client(port: int, limit: int = 2**16) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def body_of(receive: Receive) -> bytes:
    """Raises ConnectionError when the client went away."""
    data = b""
    while (message := await receive())["type"] == "http.request":
        data += bytes(message["body"])
        if not message["more_body"]:
            return data
    raise ConnectionError


async def reply(
    send: Send, body: bytes, status: int = 200, headers: Sequence[tuple[bytes, bytes]] = (), *, length: bool = True
) -> None:
    own = [(b"content-length", b"%d" % len(body))] if length else []
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """`METHOD path?query`, and the body."""
    line = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}\n".encode()
    await reply(send, line + await body_of(receive))


def post(body: bytes, path: str = "/", *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: h", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str = "/", *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", *headers, "", ""]).encode()


async def until(fact: Callable[[], object]) -> None:
    """Waits for a fact, not for time."""
    async with asyncio.timeout(LIMIT):
        while not fact():  # noqa: ASYNC110 - the facts of other tasks have no events
            await asyncio.sleep(0.001)
