"""Which connection a request travels on, and that none is left behind."""

import asyncio

import pytest

from gigamost.upstreams.http import HttpRequest, Transport, TransportError
from tests.upstreams.transport.peers import Link, Peer, answering, client, get, post, serving, silent

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def ask(transport: Transport, peer: Peer) -> bytes:
    answer = await transport.send(post(peer.url), silence=5)
    body = await answer.read()
    answer.close()
    return body


async def test_requests_in_a_row_share_one_connection() -> None:
    async with serving(answering(OK)) as peer, client() as transport:
        for _ in range(5):
            assert await ask(transport, peer) == b"ok"
        assert [link.requests for link in peer.links] == [5]


async def test_each_origin_has_its_own_connections() -> None:
    async with serving(answering(OK)) as one, serving(answering(OK)) as two, client() as transport:
        for _ in range(2):
            await ask(transport, one)
            await ask(transport, two)
        assert (len(one.links), len(two.links)) == (1, 1)


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"more",
        OK + OK,
    ],
    ids=["close", "1.0", "surplus", "second answer"],
)
async def test_connections_that_cannot_be_used_again_are_closed(wire: bytes) -> None:
    async with serving(answering(wire)) as peer, client() as transport:
        for count in (1, 2):
            assert await ask(transport, peer) == b"ok"
            assert len(peer.links) == count
            await asyncio.wait_for(peer.links[-1].closed.wait(), 1)


async def test_an_http_1_0_peer_may_ask_to_keep_the_connection() -> None:
    wire = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    async with serving(answering(wire)) as peer, client() as transport:
        for _ in range(2):
            assert await ask(transport, peer) == b"ok"
        assert len(peer.links) == 1


@pytest.mark.parametrize("parting", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_that_the_peer_closed_while_idle_is_not_used(parting: bytes) -> None:
    async with serving(answering(OK)) as peer, client() as transport:
        await ask(transport, peer)
        peer.links[0].write(parting)
        peer.links[0].close()
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)
        assert await ask(transport, peer) == b"ok"
        assert [link.requests for link in peer.links] == [1, 1]


async def test_bytes_on_an_idle_connection_close_it() -> None:
    async with serving(answering(OK)) as peer, client() as transport:
        await ask(transport, peer)
        peer.links[0].write(OK)
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)
        assert await ask(transport, peer) == b"ok"


async def test_idle_connections_are_dropped_in_time() -> None:
    async with serving(answering(OK)) as peer, client(idle_timeout=0.05) as transport:
        await ask(transport, peer)
        await ask(transport, peer)
        await asyncio.wait_for(peer.links[0].closed.wait(), 1)
        assert len(peer.links) == 1


async def test_a_request_on_a_kept_connection_is_never_sent_twice() -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(OK)
        await link.request()
        link.close()

    async with serving(script) as peer, client() as transport:
        await ask(transport, peer)
        with pytest.raises(TransportError, match="unanswered") as caught:
            await ask(transport, peer)
        assert caught.value.reason == "reset"
        assert [link.requests for link in peer.links] == [2]


async def test_two_hundred_at_once_get_their_own_answers() -> None:
    async def script(link: Link) -> None:
        while request := await link.request():
            body = request.partition(b"\r\n\r\n")[2]
            link.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async with serving(script) as peer, client() as transport:

        async def one(number: int) -> bytes:
            return await (await transport.send(post(peer.url, b"%d" % number), silence=5)).read()

        for _ in range(2):
            assert await asyncio.gather(*map(one, range(200))) == [b"%d" % number for number in range(200)]
        assert len(peer.links) == 200


async def test_connections_have_a_limit_that_fails_at_once() -> None:
    async with serving(silent) as peer, client(max_connections=2) as transport:
        waiting = [asyncio.create_task(transport.send(get(peer.url), silence=5)) for _ in range(2)]
        for number in range(2):
            await peer.link(number)
        with pytest.raises(TransportError, match="all 2 connections") as caught:
            await transport.send(get(peer.url), silence=5)
        assert caught.value.reason == "connect"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_at_the_limit_an_idle_connection_makes_room() -> None:
    async with (
        serving(answering(OK)) as one,
        serving(answering(OK)) as two,
        client(max_connections=1) as transport,
    ):
        for peer in (one, two, one):
            assert await ask(transport, peer) == b"ok"
        await asyncio.wait_for(one.links[0].closed.wait(), 1)


@pytest.mark.parametrize("progress", [b"", OK[:-1]], ids=["before the head", "in the body"])
async def test_cancelling_closes_the_connection(progress: bytes) -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(progress)
        answered.set()
        await silent(link)

    answered = asyncio.Event()
    async with serving(script) as peer, client() as transport:
        task = asyncio.create_task(ask(transport, peer))
        await asyncio.wait_for(answered.wait(), 1)
        task.cancel()
        await asyncio.wait_for(peer.links[0].closed.wait(), 0.25)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_cancelling_closes_a_connection_that_is_being_made() -> None:
    async with serving(silent) as peer, client() as transport:
        url = peer.url.replace("http:", "https:")  # the peer never answers the TLS hello
        task = asyncio.create_task(transport.send(get(url), silence=5))
        link = await peer.link()
        task.cancel()
        await asyncio.wait_for(link.closed.wait(), 0.25)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_an_answer_before_its_end_closes_the_connection() -> None:
    async with serving(answering(OK[:-1])) as peer, client() as transport:
        answer = await transport.send(get(peer.url), silence=5)
        answer.close()
        answer.close()
        await asyncio.wait_for(peer.links[0].closed.wait(), 0.25)
        with pytest.raises(TransportError, match="closed before its end"):
            await answer.read()


async def test_closing_an_answer_after_its_end_leaves_the_next_request_alone() -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.write(OK)
        await link.request()
        link.write(OK[:-1])
        await second_head.wait()
        link.write(OK[-1:])

    second_head = asyncio.Event()
    async with serving(script) as peer, client() as transport:
        first = await transport.send(get(peer.url), silence=5)
        assert await first.read() == b"ok"
        second = await transport.send(get(peer.url), silence=5)
        first.close()
        second_head.set()
        assert await second.read() == b"ok"
        assert len(peer.links) == 1


async def test_close_ends_everything() -> None:
    async with serving(silent) as quiet, serving(answering(OK)) as talking, client() as transport:
        await ask(transport, talking)
        url = quiet.url.replace("http:", "https:")
        requests = [get(quiet.url), get(url), HttpRequest("GET", f"{talking.url}/x")]
        tasks = [asyncio.create_task(transport.send(request, silence=5)) for request in requests]
        for number in range(2):
            await quiet.link(number)
        await asyncio.wait_for(asyncio.shield(tasks[2]), 1)
        await transport.close()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
        assert [getattr(outcome, "reason", "answered") for outcome in outcomes] == ["reset", "connect", "answered"]
        for link in quiet.links + talking.links:
            await asyncio.wait_for(link.closed.wait(), 0.25)
        with pytest.raises(TransportError, match="transport was closed"):
            await ask(transport, talking)


async def test_a_refused_port_is_a_connect_failure() -> None:
    async with serving(silent) as peer:
        pass
    async with client() as transport:
        with pytest.raises(TransportError, match=f"127.0.0.1:{peer.port}") as caught:
            await ask(transport, peer)
        assert caught.value.reason == "connect"


async def test_a_connection_that_takes_too_long_is_a_connect_failure() -> None:
    async with serving(silent) as peer, client(connect_timeout=0.05) as transport:
        with pytest.raises(TransportError, match=r"nobody answered within 0\.05 s") as caught:
            await transport.send(get(peer.url.replace("http:", "https:")), silence=5)
        assert caught.value.reason == "connect"
        await asyncio.wait_for(peer.links[0].closed.wait(), 0.25)
