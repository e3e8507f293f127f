"""TLS: who is trusted, and what is said when one is not."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

import pytest
import trustme

from gigamost.upstreams.http import TransportError
from tests.upstreams.transport.peers import Link, answering, client, get, post, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CA = trustme.CA()
STRANGER = trustme.CA()


def server(*names: str, ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*names).configure_cert(context)
    return context


def trusting(ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


async def test_a_trusted_peer_is_spoken_to_and_its_connection_kept() -> None:
    async with serving(answering(OK), server("127.0.0.1")) as peer, client(tls=trusting()) as transport:
        for _ in range(3):
            assert await (await transport.send(post(peer.url), silence=5)).read() == b"ok"
        assert len(peer.links) == 1


async def test_a_long_body_goes_through_tls_both_ways() -> None:
    body = bytes(range(256)) * 4096 * 5

    async def script(link: Link) -> None:
        content = (await link.request()).partition(b"\r\n\r\n")[2]
        link.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        await link.closed.wait()

    async with serving(script, server("127.0.0.1")) as peer, client(tls=trusting()) as transport:
        assert await (await transport.send(post(peer.url, body), silence=5)).read() == body


@pytest.mark.parametrize(
    ("ca", "name", "why"),
    [(STRANGER, "127.0.0.1", "unable to get local issuer|self.signed"), (CA, "other.example", "IP address mismatch")],
)
async def test_a_certificate_that_does_not_fit_is_named(ca: trustme.CA, name: str, why: str) -> None:
    async with serving(answering(OK), server(name, ca=ca)) as peer, client(tls=trusting()) as transport:
        with pytest.raises(TransportError, match=why) as caught:
            await transport.send(post(peer.url), silence=5)
        assert caught.value.reason == "tls"
        assert f"127.0.0.1:{peer.port}" in str(caught.value)
        assert all(not link.received for link in peer.links)


async def test_without_a_context_the_platform_decides() -> None:
    async with serving(answering(OK), server("127.0.0.1")) as peer, client() as transport:
        with pytest.raises(TransportError) as caught:
            await transport.send(post(peer.url), silence=5)
        assert caught.value.reason == "tls"


async def test_plain_http_where_tls_is_expected() -> None:
    async def script(link: Link) -> None:
        await link.first_bytes()
        link.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await link.closed.wait()

    async with serving(script) as peer, client(tls=trusting()) as transport:
        with pytest.raises(TransportError, match="no TLS connection") as caught:
            await transport.send(get(peer.url.replace("http:", "https:")), silence=5)
        assert caught.value.reason == "tls"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_opens_the_door(version: ssl.TLSVersion) -> None:
    strict = server("127.0.0.1")
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.minimum_version = strict.maximum_version = version
    CA.configure_trust(strict)
    known = trusting()
    CA.issue_cert("client.example").configure_cert(known)
    async with serving(answering(OK), strict) as peer, client(tls=known) as transport:
        assert await (await transport.send(post(peer.url), silence=5)).read() == b"ok"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        guard = asyncio.create_task(asyncio.to_thread(refuse, listener, strict))
        async with client(tls=trusting()) as transport:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            with pytest.raises(TransportError, match=r"(?i)certificate|handshake") as caught:
                await transport.send(post(url), silence=5)
            assert caught.value.reason == "tls"
        await guard


def refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection that fails its handshake. A blocking server sends the alert, one of asyncio's just hangs up."""
    accepted, _ = listener.accept()
    with context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as connection:
        with pytest.raises(ssl.SSLError):
            connection.do_handshake()
        while socket.socket.recv(connection, 65536):  # closing with unread bytes would take the alert back
            pass


async def test_a_pinned_address_keeps_the_name_for_host_and_tls() -> None:
    asked: list[tuple[str, int]] = []
    heads: list[bytes] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    async def script(link: Link) -> None:
        while request := await link.request():
            heads.append(request)
            link.write(OK)

    tls = server("api.example")
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    async with serving(script, tls) as peer, client(tls=trusting(), resolve=resolve) as transport:
        for _ in range(2):
            await (await transport.send(get(f"https://api.example:{peer.port}/"), silence=5)).read()
        assert (asked, names) == ([("api.example", peer.port)], ["api.example"])
        assert b"\r\nHost: api.example:%d\r\n" % peer.port in heads[0]
        with pytest.raises(TransportError, match=r"certificate of other\.example"):
            await transport.send(get(f"https://other.example:{peer.port}/"), silence=5)


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.9", "::1", "127.0.0.1"]  # nobody listens on the first two

    async with serving(answering(OK)) as peer, client(resolve=resolve) as transport:
        answer = await transport.send(get(f"http://api.example:{peer.port}/"), silence=5)
        assert await answer.read() == b"ok"


async def test_a_resolver_gives_addresses_and_no_names() -> None:
    async def named(host: str, port: int) -> Sequence[str]:
        return ["localhost"]

    async with client(resolve=named) as transport:
        with pytest.raises(ValueError, match="localhost"):
            await transport.send(get("http://api.example/"), silence=5)


async def test_a_resolver_that_finds_nothing_or_refuses_is_a_connect_failure() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        return []

    async def refusing(host: str, port: int) -> Sequence[str]:
        raise OSError("not public")

    for resolve in (nothing, refusing):
        async with client(resolve=resolve) as transport:
            with pytest.raises(TransportError, match=r"api\.example") as caught:
                await transport.send(get("http://api.example/"), silence=5)
            assert caught.value.reason == "connect"
