"""Time and pressure: silence, slow readers, long uploads."""

import asyncio
import ssl

import pytest

from gigamost.upstreams.answer import HIGH_WATER
from gigamost.upstreams.connection import SLICE
from gigamost.upstreams.http import TransportError
from tests.upstreams.transport.peers import Link, client, get, once_then, post, serving, silent
from tests.upstreams.transport.test_tls import server, trusting

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MEGABYTE = 1 << 20


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("progress", [b"", HEAD[:20], HEAD, HEAD + chunk(b"some")])
async def test_silence_ends_the_exchange_wherever_it_falls(progress: bytes) -> None:
    async with serving(once_then(first=OK, second=progress)) as peer, client() as transport:
        await (await transport.send(get(peer.url), silence=50)).read()
        with pytest.raises(TransportError, match=r"sent nothing for 0\.05 s") as caught:
            await (await transport.send(get(peer.url), silence=0.05)).read()
        assert caught.value.reason == "silence"
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)
        assert len(peer.links) == 1


async def test_every_byte_puts_silence_off() -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(OK)
        await link.request()
        link.write(HEAD)
        for _ in range(10):
            link.write(chunk(b"x"))
            await asyncio.sleep(0.06)
        link.write(chunk(b""))

    async with serving(script) as peer, client() as transport:
        await (await transport.send(get(peer.url), silence=5)).read()
        answer = await transport.send(get(peer.url), silence=0.4)  # of 0.6 s altogether
        assert await answer.read() == b"x" * 10


async def test_a_chunk_holds_all_that_came_since_the_last() -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(HEAD + chunk(b"one") + chunk(b"two"))
        await asked.wait()
        link.write(chunk(b"three") + chunk(b""))

    asked = asyncio.Event()
    async with serving(script) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        assert await answer.chunk() == b"onetwo"
        asked.set()
        assert [await answer.chunk(), await answer.chunk(), await answer.chunk()] == [b"three", b"", b""]


@pytest.mark.parametrize("tls", [None, server("127.0.0.1")], ids=["plain", "tls"])
async def test_a_slow_reader_holds_the_peer_back_and_is_no_silence(tls: ssl.SSLContext | None) -> None:
    sent = 0
    total = 40 * MEGABYTE

    async def script(link: Link) -> None:
        nonlocal sent
        await link.request()
        link.write(OK)
        await link.request()
        link.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(40):
            link.write(bytes(MEGABYTE))
            sent += MEGABYTE
            await link.writable.wait()

    async with serving(script, tls) as peer, client(tls=trusting()) as transport:
        await (await transport.send(get(peer.url), silence=5)).read()
        answer = await transport.send(get(peer.url), silence=0.08)
        seen = -1
        while seen != sent:  # until the peer is stuck, and for longer than the silence that is allowed
            seen = sent
            await asyncio.sleep(0.09)
        assert answer.buffered < HIGH_WATER + MEGABYTE
        assert sent < total
        received = 0
        while part := await answer.chunk():
            received += len(part)
        assert received == total


async def test_a_long_body_arrives_whole_and_the_connection_stays() -> None:
    body = bytes(range(256)) * 4096 * 9 + b"end"
    bodies: list[bytes] = []

    async def script(link: Link) -> None:
        while request := await link.request():
            bodies.append(request.partition(b"\r\n\r\n")[2])
            link.write(OK)

    async with serving(script) as peer, client() as transport:
        for size in (SLICE - 1, SLICE, SLICE + 1, len(body)):
            assert await (await transport.send(post(peer.url, body[:size]), silence=5)).read() == b"ok"
            assert bodies.pop() == body[:size]
        assert len(peer.links) == 1


async def test_a_refusal_in_the_middle_of_a_long_body_is_read() -> None:
    async def script(link: Link) -> None:
        await link.first_bytes()
        link.transport.pause_reading()
        link.write(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await silent(link)

    async with serving(script) as peer, client() as transport:
        answer = await transport.send(post(peer.url, bytes(64 * MEGABYTE)), silence=5)
        assert (answer.status, await answer.read()) == (413, b"big")
        peer.links[0].transport.resume_reading()
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)  # half a request is on it


async def test_a_peer_that_stops_reading_is_silent() -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(OK)
        await link.first_bytes()
        link.transport.pause_reading()
        await silent(link)

    async with serving(script) as peer, client() as transport:
        await (await transport.send(get(peer.url), silence=5)).read()
        with pytest.raises(TransportError) as caught:
            await transport.send(post(peer.url, bytes(64 * MEGABYTE)), silence=0.1)
        assert caught.value.reason == "silence"


async def test_cancelling_a_long_upload_closes_the_connection() -> None:
    async def script(link: Link) -> None:
        await link.first_bytes()
        link.transport.pause_reading()
        await silent(link)

    async with serving(script) as peer, client() as transport:
        task = asyncio.create_task(transport.send(post(peer.url, bytes(64 * MEGABYTE)), silence=5))
        link = await peer.link()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        link.transport.resume_reading()
        await asyncio.wait_for(link.closed.wait(), 0.25)
