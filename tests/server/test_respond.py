"""What stands beside an answer: ignored fields in a header, keep-alives in a silent stream."""

import asyncio

import pytest

from gigamost.server.exchange import Http
from gigamost.server.respond import KeepAlive, ignored
from gigamost.server.types import Receive, Scope, Send
from tests.server.raw import client, get, served, until

COMMENT = b": keep-alive\n\n"


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (["seed", "logit_bias"], b"seed, logit_bias"),
        (["seed", "seed"], b"seed"),
        (["response_format.json_schema.name", "tools[0].function.strict"],) * 2,
        (["поле"], b"%D0%BF%D0%BE%D0%BB%D0%B5"),
        (["a\r\nset-cookie: x"], b"a%0D%0Aset-cookie: x"),
        (["a,b"], b"a%2Cb"),
        (["\ud800"], b"%3F"),
    ],
)
def test_ignored_names_are_safe_in_a_header(names: list[str], value: bytes | list[str]) -> None:
    expected = value if isinstance(value, bytes) else ", ".join(value).encode()
    assert ignored(names) == [(b"x-gigamost-ignored", expected)]


def test_nothing_ignored_is_no_header() -> None:
    assert ignored([]) == []


@pytest.mark.parametrize("name", ["field", "поле"])
def test_many_ignored_names_are_cut_between_two_of_them(name: str) -> None:
    [(_, value)] = ignored([f"{name}{at}" for at in range(2000)])
    assert len(value) <= 4096
    assert value.endswith(b"...")
    whole = {f"{name}{at}" for at in range(2000)}
    assert all(each in whole for each in value.decode().split(", ")[:-1] if "%" not in each)


def test_a_name_that_is_too_long_is_left_out() -> None:
    assert ignored(["x" * 10_000, "y"]) == [(b"x-gigamost-ignored", b"...")]
    assert ignored(["y", "x" * 10_000]) == [(b"x-gigamost-ignored", b"y, ...")]


async def test_a_silent_stream_is_kept_alive() -> None:
    heard = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        http = Http(scope, receive, send, "id")
        await http.head(200, [])
        await http.write(b"first")
        idle = KeepAlive(http, COMMENT, 0.005)
        await heard.wait()
        idle.stop()
        await http.write(b"last", more=False)

    async with served(app) as server, client(server.port) as peer:
        peer.write(get())
        for _ in range(3):
            await peer.reader.readuntil(COMMENT)
        heard.set()
        assert (await peer.reader.readuntil(b"0\r\n\r\n")).endswith(b"4\r\nlast\r\n0\r\n\r\n")


async def test_a_busy_stream_and_one_without_keep_alives_get_none() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        http = Http(scope, receive, send, "id")
        await http.head(200, [])
        quiet = scope["path"] == "/quiet"
        idle = KeepAlive(http, b"" if quiet else COMMENT, 0.001 if quiet else 0.5)
        for _ in range(20):
            idle.is_quiet = False
            await http.write(b"x")
            await asyncio.sleep(0.002)
        idle.stop()
        await http.write(b"", more=False)

    async with served(app) as server, client(server.port) as peer:
        for path in ("/quiet", "/busy"):
            assert (await peer.ask(get(path))).body == b"x" * 20


async def test_keep_alives_do_not_pile_up_for_a_client_that_does_not_read() -> None:
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        http = Http(scope, receive, send, "id")
        await http.head(200, [])
        await http.write(b"x" * 20_000_000)
        sent = http.sent_bytes
        idle = KeepAlive(http, COMMENT, 0.001)
        await asyncio.sleep(0.02)
        assert http.sent_bytes - sent <= len(COMMENT)  # one that waits
        idle.stop()
        done.set()
        await http.write(b"", more=False)

    async with served(app) as server, client(server.port) as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport too
        peer.write(get())
        await until(done.is_set)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len((await peer.answer()).body) == 20_000_000
