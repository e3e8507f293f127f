"""Requests as they come over the wire: what is read, what is refused, and how a connection goes on or ends."""

import asyncio

import pytest

from gigamost.server.connection import MAX_HEAD, MAX_HEADERS, MAX_PIPELINED
from gigamost.server.types import Receive, Scope, Send
from tests.server.raw import Client, body_of, client, echo, get, part, post, reply, served, start

CHUNKED = b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"


async def test_one_connection_takes_many_requests() -> None:
    async with served(echo) as server, client(server.port) as peer:
        for at in range(1000):
            answer = await peer.ask(post(b"%d" % at, f"/{at}"))
            assert answer == (200, answer.headers, b"POST /%d?\n%d" % (at, at))
            assert "connection" not in answer.headers


async def test_many_connections_at_once() -> None:
    async def one(port: int, at: int) -> bytes:
        async with client(port) as peer:
            return (await peer.ask(post(b"x" * at, f"/{at}"))).body

    async with served(echo) as server:
        bodies = await asyncio.gather(*(one(server.port, at) for at in range(200)))
        assert bodies == [b"POST /%d?\n" % at + b"x" * at for at in range(200)]


async def test_pipelined_requests_are_answered_in_order() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/0":
            await asyncio.sleep(0.01)
        await reply(send, scope["path"].encode() + await body_of(receive))

    async with served(app) as server, client(server.port) as peer:
        peer.write(b"".join(post(b"b", f"/{at}") for at in range(MAX_PIPELINED)))
        assert [(await peer.answer()).body for _ in range(MAX_PIPELINED)] == [
            b"/%db" % at for at in range(MAX_PIPELINED)
        ]


async def test_too_many_pipelined_requests_are_refused_behind_the_answers() -> None:
    async with served(echo) as server, client(server.port) as peer:
        peer.write(get() * (MAX_PIPELINED + 5))
        statuses = [(await peer.answer()).status for _ in range(MAX_PIPELINED + 1)]
        assert statuses == [200] * MAX_PIPELINED + [400]
        assert await peer.rest() == b""


@pytest.mark.parametrize(
    "request_bytes", [post(b"abc", "/p?q=1"), CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"]
)
async def test_bytes_may_come_one_by_one(request_bytes: bytes) -> None:
    async with served(echo) as server, client(server.port) as peer:
        for at in range(len(request_bytes)):
            peer.write(request_bytes[at : at + 1])
            await peer.writer.drain()
            await asyncio.sleep(0)
        assert (await peer.answer()).body.endswith((b"\nabc", b"\nabcde"))
        assert (await peer.ask(get("/next"))).body == b"GET /next?\n"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("/a%20b/%D0%B0", "GET /a b/а?\n"),
        ("/a?x=%20&y", "GET /a?x=%20&y\n"),
        ("/a??b", "GET /a??b\n"),
        ("//a//b", "GET //a//b?\n"),
        ("http://host:1/p?q=1", "GET /p?q=1\n"),
        ("http://host", "GET /?\n"),
        ("/%2e%2e/x", "GET /../x?\n"),
    ],
)
async def test_targets(target: str, line: str) -> None:
    async with served(echo) as server, client(server.port) as peer:
        assert (await peer.ask(get(target))).body.decode() == line


async def test_the_scope() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await reply(send, b"")

    async with served(app) as server, client(server.port) as peer:
        await peer.ask(CHUNKED + b"0\r\nX-Evil: 1\r\n\r\n")
        await peer.ask(get("/%41", "X-Case: Kept", "X-Bytes: \xff"))
        await peer.ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    assert seen[0]["headers"] == [(b"host", b"h"), (b"transfer-encoding", b"chunked")]
    assert seen[1]["headers"] == [(b"host", b"h"), (b"x-case", b"Kept"), (b"x-bytes", "\xff".encode())]
    assert (seen[1]["path"], seen[1]["raw_path"], seen[1]["http_version"]) == ("/A", b"/%41", "1.1")
    assert seen[1]["server"] == ("127.0.0.1", server.port)
    assert (seen[2]["method"], seen[2]["path"]) == ("OPTIONS", "*")


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        POST + b"Content-Length: 3, 3\r\n\r\nabc",
        POST + b"Content-Length: -3\r\n\r\nabc",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n",
        CHUNKED + b"zz\r\nabc\r\n",
        CHUNKED + b"fffffffffffffffff\r\nabc\r\n",
        CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
        POST + b"A: b\0c\r\n\r\n",
        POST + b"A: b\nC: d\r\n\r\n",
        POST + b"A: b\rC: d\r\n\r\n",
        POST + b"A: b\r\n folded\r\n\r\n",
        POST + b"A : b\r\n\r\n",
        POST + b": b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.2\r\n\r\n",
        b"GET /\xd0\xb0 HTTP/1.1\r\n\r\n",
        b"GET /a\0b HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xa5" * 500,
        b"\0" * 100,
        b"hello\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_closed(data: bytes) -> None:
    async with served(echo) as server:
        async with client(server.port) as peer:
            answer = await peer.ask(data + get("/smuggled"))
            assert (answer.status, answer.headers["connection"]) == (400, "close")
            assert await peer.rest() == b""
        async with client(server.port) as peer:
            assert (await peer.ask(get())).status == 200


@pytest.mark.parametrize("begin", [b"garbage\r\n\r\n", CHUNKED + b"zz\r\n", POST + b"Transfer-Encoding: gzip\r\n\r\n"])
async def test_a_refusal_is_read_whatever_still_comes(begin: bytes) -> None:
    """Closing with something unread would reset the connection, and the refusal with it."""
    async with served(echo) as server, client(server.port) as peer:
        peer.write(begin + b"x" * 2**22)
        await peer.writer.drain()
        assert (await peer.answer()).status == 400
        assert await peer.rest() == b""


async def test_garbage_behind_a_request_does_not_spoil_its_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(10):
            await send(part(b"x"))
            await asyncio.sleep(0)
        await send(part(b"", more=False))

    async with served(app) as server:
        async with client(server.port) as peer:
            assert (await peer.ask(get() + b"garbage\r\n\r\n")).body == b"x" * 10
            assert (await peer.answer()).status == 400
            assert await peer.rest() == b""
        async with client(server.port) as peer:
            answer = await peer.ask(get("/", "Connection: close") + b"\r\nmore")
            assert (answer.body, answer.headers["connection"]) == (b"x" * 10, "close")
            assert await peer.rest() == b""


async def test_a_body_that_breaks_ends_its_request() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(part(b"early"))
        while True:
            message = await receive()
            seen.append(message["type"])
            if message["type"] == "http.disconnect":
                return

    async with served(app) as server, client(server.port) as peer:
        peer.write(CHUNKED + b"3\r\nabc\r\n")
        assert b"early" in await peer.reader.readuntil(b"early")
        peer.write(b"zz\r\n")
        assert b"HTTP/1.1" not in await peer.rest()
    assert seen[-1] == "http.disconnect"


async def test_a_head_has_limits() -> None:
    async with served(echo) as server:
        long = "x" * (MAX_HEAD - 200)
        for fits in (get("/" + long), get("/", f"A: {long}"), get("/", *["A: b"] * (MAX_HEADERS - 1))):
            async with client(server.port) as peer:
                assert (await peer.ask(fits)).status == 200
        long = "x" * (MAX_HEAD + 1)
        for large in (get("/" + long), get("/", f"A: {long}"), get("/", *["A: b"] * MAX_HEADERS)):
            async with client(server.port) as peer:
                answer = await peer.ask(large)
                assert (answer.status, answer.headers["connection"]) == (431, "close")
                assert await peer.rest() == b""


@pytest.mark.parametrize(
    "begin", [b"GET /", POST + b"A: ", POST, CHUNKED + b"3\r\nabc\r\n0\r\nT: ", CHUNKED + b"3;", CHUNKED + b"0\r\n"]
)
async def test_what_never_ends_is_not_kept(begin: bytes) -> None:
    """The parser hands out only what is whole, so it must not be fed for ever."""
    filler = b"B: c\r\n" * 5000 if begin.endswith(b"\n") else b"x" * 30000
    async with served(echo) as server, client(server.port) as peer:
        peer.write(begin)
        answer = asyncio.create_task(peer.answer())
        sent = 0
        while not answer.done() and sent < 100 * len(filler):
            peer.write(filler)
            await peer.writer.drain()
            sent += len(filler)
            await asyncio.sleep(0.001)
        assert (await answer).status == 431


async def test_large_pipelined_bodies_are_no_large_heads() -> None:
    async with served(echo) as server, client(server.port, limit=2**20) as peer:
        body = b"x" * 200_000
        for _ in range(3):
            peer.write(post(body) * 3)
            for _ in range(3):
                assert len((await peer.answer()).body) == len(body) + len(b"POST /?\n")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_who_wants_to_close_gets_it(version: str) -> None:
    async with served(echo) as server, client(server.port) as peer:
        answer = await peer.ask(f"GET / HTTP/{version}\r\nConnection: close\r\n\r\n".encode())
        assert answer.headers["connection"] == "close"
        assert await peer.rest() == b""


async def test_http_1_0_has_neither_keep_alive_nor_chunks() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(part(b"a" * 100_000))
        await send(part(b"b", more=False))

    async with served(app) as server, client(server.port) as peer:
        answer = await peer.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.headers["connection"] == "close"
        assert "transfer-encoding" not in answer.headers
        assert answer.body == b"a" * 100_000 + b"b"


@pytest.mark.parametrize("wish", ["h2c", "websocket"])
async def test_an_upgrade_is_not_made(wish: str) -> None:
    async with served(echo) as server, client(server.port) as peer:
        upgrade = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {wish}", "HTTP2-Settings: AAMAAABk")
        peer.write(post(b"abc", "/a", *upgrade) + get("/b", *upgrade) + get("/c"))
        bodies = [(await peer.answer()).body for _ in range(3)]
        assert bodies == [b"POST /a?\nabc", b"GET /b?\n", b"GET /c?\n"]


async def test_empty_lines_before_a_request_are_nothing() -> None:
    async with served(echo) as server, client(server.port) as peer:
        assert (await peer.ask(post(b"a"))).status == 200
        assert (await peer.ask(b"\r\n\r\n" + get("/b"))).body == b"GET /b?\n"


async def _continue(peer: Client, version: str) -> int:
    peer.write(f"POST / HTTP/{version}\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n".encode())
    return (await peer.answer()).status


async def test_100_continue_is_sent_to_who_waits_for_it() -> None:
    async with served(echo) as server, client(server.port) as peer:
        assert await _continue(peer, "1.1") == 100
        assert (await peer.ask(b"abc")).body == b"POST /?\nabc"
        answer = await peer.ask(post(b"abc", "/", "Expect: 100-continue"))
        assert (answer.status, answer.body) == (200, b"POST /?\nabc")  # the body was there already


async def test_100_continue_is_not_sent_for_a_refusal() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"no", 401)

    async with served(app) as server, client(server.port) as peer:
        assert await _continue(peer, "1.1") == 401
        assert await peer.rest() == b"no"[2:]
