"""Answers as they go out: framing, broken promises of the application, slow and leaving clients, deadlines."""

import asyncio

import pytest

from gigamost.server.exchange import DISCONNECT
from gigamost.server.times import Times
from gigamost.server.types import Receive, Scope, Send
from tests.server.raw import body_of, client, echo, get, part, post, reply, served, start, until

LARGE = 8 * 2**20
QUICK = 0.02  # seconds


async def test_head_has_the_headers_alone() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await send(start())
            await send(part(b"body"))
            await send(part(b"", more=False))
        else:
            await reply(send, b"body")

    async with served(app) as server, client(server.port) as peer:
        answer = await peer.ask(get().replace(b"GET", b"HEAD"), head_only=True)
        assert (answer.status, answer.headers["content-length"]) == (200, "4")
        answer = await peer.ask(get("/stream").replace(b"GET", b"HEAD"), head_only=True)
        assert answer.status == 200
        assert (await peer.ask(get())).body == b"body"


@pytest.mark.parametrize("status", [204, 304])
async def test_some_statuses_have_no_body(status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"", status, length=False)

    async with served(app) as server, client(server.port) as peer:
        for _ in range(2):
            answer = await peer.ask(get())
            assert answer.status == status
            assert "transfer-encoding" not in answer.headers


async def test_a_stream_is_chunked_and_its_head_comes_with_the_first_part() -> None:
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, (b"x-a", b"1")))
        await send(part(b"first"))
        await go.wait()
        await send(part(b""))
        await send(part(b"last", more=False))

    async with served(app) as server, client(server.port) as peer:
        peer.write(get())
        head = await peer.reader.readuntil(b"first\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
        assert b"\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n" in head
        go.set()
        assert await peer.reader.readuntil(b"0\r\n\r\n") == b"4\r\nlast\r\n0\r\n\r\n"


@pytest.mark.parametrize("header", [(b"x-a", b"1\r\nx-b: 2"), (b"x-a", b"1\n"), (b"x-a", b"1\r"), (b"x\r\n", b"1")])
@pytest.mark.parametrize("ends", [False, True])
async def test_a_response_header_with_a_line_break_is_refused(header: tuple[bytes, bytes], ends: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x", headers=[header, *([(b"connection", b"close")] if ends else [])])

    async with served(app) as server, client(server.port) as peer:
        answer = await peer.ask(get())
        assert (answer.status, answer.headers["connection"]) == (500, "close")
        assert "x-b" not in answer.headers


async def test_what_the_application_fails_at_or_leaves_out_is_a_500() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/raises":
            raise ValueError("secret")
        if scope["path"] == "/order":
            await send(part(b"x"))

    async with served(app) as server:
        for path in ("/raises", "/order", "/nothing"):
            async with client(server.port) as peer:
                answer = await peer.ask(post(b"x", path))
                assert (answer.status, answer.body) == (500, b"Internal Server Error")
                assert await peer.rest() == b""


async def test_a_response_that_breaks_off_is_never_a_whole_one() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = {"/short": [(b"content-length", b"10")], "/long": [(b"content-length", b"2")]}.get(scope["path"], [])
        await send(start(200, *length))
        await send(part(b"abc", more=not length))
        if scope["path"] == "/raises":
            raise ValueError("broken")
        if scope["path"] == "/cancelled":
            raise asyncio.CancelledError

    async with served(app) as server:
        for path in ("/short", "/raises", "/cancelled"):
            async with client(server.port) as peer:
                with pytest.raises(asyncio.IncompleteReadError):
                    await peer.ask(get(path))
                assert b"abc" not in await peer.rest()
        async with client(server.port) as peer:
            await peer.ask(get("/long"))
            assert await peer.rest() == b"c"


async def test_nothing_can_be_sent_behind_the_end() -> None:
    failures: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x")
        failures.append((await receive())["type"])
        try:
            await send(part(b"y"))
        except RuntimeError as error:
            failures.append(str(error))

    async with served(app) as server, client(server.port) as peer:
        assert (await peer.ask(get())).body == b"x"
        assert (await peer.ask(get())).body == b"x"
        await until(lambda: len(failures) == 4)
    assert failures == ["http.disconnect", "http.response.body is out of order"] * 2


async def test_a_large_body_waits_for_the_application() -> None:
    """What the application does not take stays in the kernel, then at the client."""
    go = asyncio.Event()
    sizes: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        while True:
            message = await receive()
            sizes.append(len(message["body"]))
            if not message["more_body"]:
                break
        await reply(send, b"%d" % sum(sizes))

    async with served(app) as server, client(server.port) as peer:
        peer.write(post(b"x" * LARGE))
        connections = server.listening.connections
        await until(lambda: connections and not next(iter(connections)).is_idle())
        transport = next(iter(connections)).transport
        await until(lambda: transport is not None and not transport.is_reading())
        go.set()
        assert (await peer.answer()).body == b"%d" % LARGE
        assert (await peer.ask(post(b"x"))).body  # reading goes on
    assert max(sizes) < 2**20


async def test_a_client_that_does_not_read_stops_the_application() -> None:
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(start())
        for _ in range(1000):
            await send(part(b"x" * 65536))
            sent += 1
        await send(part(b"", more=False))

    async with served(app) as server, client(server.port) as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport too
        peer.write(get())
        await until(lambda: server.listening.connections)
        connection = next(iter(server.listening.connections))
        await until(lambda: connection.writable is not None)
        stopped_at = sent
        for _ in range(100):
            await asyncio.sleep(0)
        assert sent == stopped_at < 1000
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() < 2**18
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len((await peer.answer()).body) == 1000 * 65536


@pytest.mark.parametrize("half", [False, True])
async def test_a_client_that_leaves_is_noticed(half: bool) -> None:
    ends: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        scope["extensions"][DISCONNECT](gone.set)
        await send(start())
        await send(part(b"x"))
        await gone.wait()
        await send(part(b"y"))
        ends.append((await receive())["type"])
        late = asyncio.Event()
        scope["extensions"][DISCONNECT](late.set)
        assert late.is_set()

    async with served(app) as server, client(server.port) as peer:
        peer.write(get())
        await peer.reader.readuntil(b"x\r\n")
        peer.writer.write_eof() if half else peer.writer.close()
        await until(lambda: ends == ["http.disconnect"])
        await until(lambda: not server.listening.connections)


async def test_who_leaves_while_writing_waits_is_noticed() -> None:
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(1000):
            await send(part(b"x" * 65536))
        done.set()

    async with served(app) as server, client(server.port) as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport too
        peer.write(get())
        await until(lambda: any(each.writable for each in server.listening.connections))
        peer.writer.transport.abort()
        await asyncio.wait_for(done.wait(), 20)


async def test_a_refusal_is_read_though_the_body_still_comes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"too large", 413)

    async with served(app) as server, client(server.port) as peer:
        head = post(b"").replace(b"Length: 0", b"Length: %d" % LARGE)
        answer = await peer.ask(head)
        assert (answer.status, answer.headers["connection"], answer.body) == (413, "close", b"too large")
        peer.write(b"x" * LARGE)
        await peer.writer.drain()  # thrown away, not stuck
        assert await peer.rest() == b""
        peer.writer.close()
        await until(lambda: not server.listening.connections)


async def test_a_refused_body_that_had_to_wait_is_thrown_away() -> None:
    go = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go.wait()
        await reply(send, b"no", 401)

    async with served(app) as server, client(server.port) as peer:
        peer.write(post(b"x" * LARGE))
        await until(lambda: server.listening.connections)
        transport = next(iter(server.listening.connections)).transport
        await until(lambda: transport is not None and not transport.is_reading())
        go.set()
        assert (await peer.answer()).status == 401
        await peer.writer.drain()
        assert await peer.rest() == b""


@pytest.mark.parametrize(
    ("times", "begin", "answers"),
    [
        (Times(head=QUICK, sweep=QUICK), b"", 0),
        (Times(head=QUICK, sweep=QUICK), b"GET / HTTP/1.1\r\nHo", 0),
        (Times(body=QUICK, sweep=QUICK), post(b"abc")[:-1], 0),
        (Times(idle=QUICK, sweep=QUICK), get(), 1),
        (Times(head=QUICK, sweep=QUICK), get() + b"GET /", 1),
        (Times(linger=QUICK, sweep=QUICK), b"garbage\r\n\r\n", 1),
    ],
)
async def test_who_is_slow_is_cut(times: Times, begin: bytes, answers: int) -> None:
    async with served(echo, times) as server, client(server.port) as peer:
        await until(lambda: server.listening.connections)
        peer.write(begin)
        for _ in range(answers):
            await peer.answer()
        await until(lambda: not server.listening.connections)
        assert await peer.rest() == b""


async def test_a_slow_byte_now_and_then_does_not_help() -> None:
    async with served(echo, Times(head=QUICK, sweep=QUICK / 4)) as server, client(server.port) as peer:
        peer.write(b"GET / HTTP/1.1\r\nA: ")
        await until(lambda: server.listening.connections)
        trickle = 0
        while server.listening.connections and trickle < 10_000:
            peer.write(b"x")
            trickle += 1
            await asyncio.sleep(0.001)
        assert not server.listening.connections


@pytest.mark.parametrize("ends", [False, True])
async def test_who_never_reads_is_cut(ends: bool) -> None:
    """While the application writes, and when it has written everything."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(200, (b"connection", b"close")))
        for _ in range(1 if ends else 10):
            await send(part(b"x" * LARGE))
        await send(part(b"", more=False))

    async with served(app, Times(stall=QUICK, sweep=QUICK)) as server, client(server.port) as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport too
        peer.write(get())
        await until(lambda: server.listening.connections)
        await until(lambda: not server.listening.connections)


async def test_who_reads_slowly_is_not_cut() -> None:
    """Much was written at once, and takes many times the time in which a client must read something."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x" * (8 * LARGE), headers=[(b"connection", b"close")])

    stall = 10 * QUICK
    times = Times(stall=stall, sweep=QUICK)
    async with served(app, times) as server, client(server.port) as peer:
        peer.write(get())
        await peer.reader.readuntil(b"\r\n\r\n")
        begun, got = server.listening.loop.time(), 0
        while data := await peer.reader.read(2**18):
            got += len(data)
            await asyncio.sleep(QUICK / 5)
        assert got == 8 * LARGE
        assert server.listening.loop.time() - begun > 4 * stall


async def test_a_long_answer_has_no_deadline_of_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        await asyncio.sleep(4 * QUICK)
        await reply(send, b"late")

    times = Times(head=QUICK, body=QUICK, idle=QUICK, stall=QUICK, sweep=QUICK / 4)
    async with served(app, times) as server, client(server.port) as peer:
        assert (await peer.ask(post(b"x"))).body == b"late"
