"""Answers as HTTP/1.1 (RFC 9112) frames them: whole, cut anywhere, and those that are none."""

import asyncio
import gzip
import zlib

import pytest

from gigamost.upstreams.answer import HEAD_LIMIT, Answer
from gigamost.upstreams.http import TransportError
from tests.upstreams.transport.peers import Link, answering, client, get, once_then, post, serving, then_closing

SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello world"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nContent-Type: a/trailer\r\n\r\n"
)
AFTER_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + SIZED
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nhello world"


class Nowhere:
    peer = "peer"

    def resume(self) -> None:
        pass

    def abort(self) -> None:
        pass


def gzipped(encoding: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (encoding, len(body), body)


WHOLE = pytest.mark.parametrize(
    "wire",
    [SIZED, CHUNKED, AFTER_INTERIM, gzipped(b"gzip", gzip.compress(b"hello world"))],
    ids=["sized", "chunked", "after interim answers", "gzip"],
)


@WHOLE
async def test_every_split_gives_the_same_body(wire: bytes) -> None:
    for cut in range(len(wire) + 1):
        answer = Answer(Nowhere(), asyncio.get_running_loop())
        answer.feed(wire[:cut])
        assert answer.ended == (cut == len(wire))
        if not answer.ended:
            answer.feed(wire[cut:])
        await answer.head()
        assert (answer.status, await answer.read(), answer.persistent) == (200, b"hello world", True)
        assert answer.headers.get("content-type") in (None, "text/plain")  # never the trailer's


@WHOLE
async def test_one_byte_at_a_time(wire: bytes) -> None:
    async def script(link: Link) -> None:
        while await link.request():
            for byte in wire:
                link.write(bytes([byte]))
                await asyncio.sleep(0)

    async with serving(script) as peer, client() as transport:
        for _ in range(2):
            answer = await transport.send(post(peer.url), silence=5)
            assert await answer.read() == b"hello world"
        assert len(peer.links) == 1


@WHOLE
async def test_a_cut_at_every_byte_is_a_reset_never_an_end(wire: bytes) -> None:
    async with client() as transport:
        for cut in range(len(wire)):
            async with serving(then_closing(wire[:cut])) as peer:
                with pytest.raises(TransportError) as caught:
                    await (await transport.send(post(peer.url), silence=5)).read()
                assert caught.value.reason == "reset"


async def test_what_came_before_a_cut_is_read_first() -> None:
    async with serving(then_closing(CHUNKED[:-20])) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        assert await answer.chunk()
        with pytest.raises(TransportError, match="before its answer was whole"):
            await answer.read()
        with pytest.raises(TransportError):
            await answer.chunk()


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with serving(then_closing(UNTIL_CLOSE)) as peer, client() as transport:
        for _ in range(2):
            assert await (await transport.send(get(peer.url), silence=5)).read() == b"hello world"
        assert len(peer.links) == 2


async def test_a_broken_connection_does_not_end_a_body_without_a_length() -> None:
    async with serving(once_then(first=SIZED, second=UNTIL_CLOSE)) as peer, client() as transport:
        await (await transport.send(get(peer.url), silence=5)).read()
        answer = await transport.send(get(peer.url), silence=0.05)
        with pytest.raises(TransportError, match="sent nothing"):
            await answer.read()


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 11\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_answers_without_a_body_keep_the_connection(wire: bytes) -> None:
    async with serving(answering(wire)) as peer, client() as transport:
        for _ in range(3):
            assert await (await transport.send(get(peer.url), silence=5)).read() == b""
        assert len(peer.links) == 1


async def test_head_has_the_headers_of_a_body_that_does_not_come() -> None:
    head = SIZED.partition(b"hello")[0]
    async with serving(answering(head)) as peer, client() as transport:
        request = get(peer.url)
        for _ in range(2):
            answer = await transport.send(type(request)("HEAD", peer.url), silence=5)
            assert (answer.headers["content-length"], await answer.read()) == ("11", b"")
        assert len(peer.links) == 1


async def test_a_body_after_head_is_never_taken_for_the_next_answer() -> None:
    async with serving(answering(SIZED)) as peer, client() as transport:
        request = get(peer.url)
        for _ in range(2):
            assert await (await transport.send(type(request)("HEAD", peer.url), silence=5)).read() == b""
        assert len(peer.links) == 2


async def test_repeated_headers_are_joined_and_lower_case() -> None:
    wire = b"HTTP/1.1 200 OK\r\nX-One: a\r\nx-one: b\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(wire)) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        assert answer.headers == {"x-one": "a, b", "x-empty": "", "content-length": "0"}


@pytest.mark.parametrize(
    "wire",
    [
        b"<html>502</html>",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
        gzipped(b"gzip", b"not gzip at all"),
        gzipped(b"gzip", gzip.compress(b"one", mtime=0) + b"more"),
    ],
)
async def test_what_is_not_http_is_said_to_be_none(wire: bytes) -> None:
    async with serving(answering(wire)) as peer, client() as transport:
        with pytest.raises(TransportError) as caught:
            await (await transport.send(get(peer.url), silence=5)).read()
        assert caught.value.reason == "protocol"
        assert f"127.0.0.1:{peer.port}" in str(caught.value)
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 8 * HEAD_LIMIT,
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: some\r\n" * HEAD_LIMIT,
        b"HTTP/1.1 100 Continue\r\n\r\n" * HEAD_LIMIT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: " + b"x" * 8 * HEAD_LIMIT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 8 * HEAD_LIMIT,
    ],
    ids=["one header", "many headers", "interim answers", "trailer", "chunk extension"],
)
async def test_headers_without_end_are_refused(flood: bytes) -> None:
    async with serving(answering(flood)) as peer, client() as transport:
        with pytest.raises(TransportError, match="headers") as caught:
            await (await transport.send(get(peer.url), silence=5)).read()
        assert caught.value.reason == "protocol"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
async def test_what_comes_compressed_is_unpacked(encoding: str) -> None:
    text = b"hello world" * 1000
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": raw.compress(text) + raw.flush(),
    }[encoding]
    wire = gzipped(encoding.removeprefix("raw ").encode(), packed)
    async with serving(answering(wire)) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        assert await answer.read() == text
        assert "content-encoding" not in answer.headers
        assert "content-length" not in answer.headers


async def test_compressed_data_that_is_cut_is_not_an_end() -> None:
    packed = gzip.compress(b"hello world")
    for wire in (gzipped(b"gzip", packed[:-3]), b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed[:-3]):
        async with serving(then_closing(wire)) as peer, client() as transport:
            with pytest.raises(TransportError) as caught:
                await (await transport.send(get(peer.url), silence=5)).read()
            assert caught.value.reason == "reset"


async def test_a_decompression_bomb_is_defused() -> None:
    bomb = gzip.compress(bytes(80 * 1024 * 1024))
    async with serving(answering(gzipped(b"gzip", bomb))) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        with pytest.raises(TransportError) as caught:
            await answer.read(2**40)
        assert caught.value.reason == "too_large"


async def test_read_stops_at_its_limit_and_closes() -> None:
    async with serving(answering(SIZED)) as peer, client() as transport:
        assert await (await transport.send(get(peer.url), silence=5)).read(11) == b"hello world"
        with pytest.raises(TransportError) as caught:
            await (await transport.send(get(peer.url), silence=5)).read(10)
        assert caught.value.reason == "too_large"
