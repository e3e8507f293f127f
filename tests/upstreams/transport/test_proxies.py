"""Proxies: who goes through one, and real tunnels."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from gigamost.upstreams.head import locate
from gigamost.upstreams.http import TransportError
from gigamost.upstreams.proxies import ProxySettings
from tests.upstreams.transport.peers import Link, Peer, answering, client, get, post, serving, then_closing
from tests.upstreams.transport.test_tls import CA, server, trusting

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "proxied"),
    [
        ("", "https://api.giga.chat/v1", True),
        ("api.giga.chat", "https://api.giga.chat/v1", False),
        ("API.GIGA.CHAT", "https://api.giga.chat/v1", False),
        ("giga.chat", "https://api.giga.chat/v1", False),
        (".giga.chat", "https://api.giga.chat/v1", False),
        ("*.giga.chat", "https://api.giga.chat/v1", False),
        ("iga.chat", "https://api.giga.chat/v1", True),
        ("api.giga.chat.evil", "https://api.giga.chat/v1", True),
        ("*", "https://api.giga.chat/v1", False),
        ("giga.chat:443", "https://api.giga.chat/v1", False),
        ("giga.chat:9443", "https://api.giga.chat/v1", True),
        ("10.0.0.0/8", "http://10.1.2.3/", False),
        ("10.0.0.0/8", "http://11.1.2.3/", True),
        ("10.0.0.0/8", "http://10.example/", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/", False),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/", True),
        ("fd00::/8", "http://[fd00::1]/", False),
        ("::1", "http://[0:0::1]/", False),
        ("[::1]:8080", "http://[::1]:8080/", False),
        ("[::1]:8080", "http://[::1]:8081/", True),
        ("localhost", "http://127.0.0.1/", True),
    ],
)
def test_no_proxy(no_proxy: str, url: str, proxied: bool) -> None:
    settings = ProxySettings(https=PROXY, http=PROXY, no_proxy=("unrelated.example", no_proxy))
    proxy = settings.proxy_for(locate(url).origin)
    assert (str(proxy.origin) if proxy else "") == ("proxy.example:3128" if proxied else "")


def test_each_scheme_has_its_own_proxy() -> None:
    settings = ProxySettings(https="https://one.example", http="two.example:8080")
    chosen = [settings.proxy_for(locate(url).origin) for url in ("https://a.example", "http://a.example")]
    assert [str(proxy.origin) for proxy in chosen if proxy] == ["one.example:443", "two.example:8080"]
    assert ProxySettings().proxy_for(locate("http://a.example").origin) is None


def test_settings_that_cannot_be_read_are_refused_without_the_password() -> None:
    for https, no_proxy in (("socks5://u:hunter2@a:1", ""), ("http://u:hunter2@", ""), (PROXY, "10.0.0.0/99")):
        with pytest.raises(ValueError, match=r".") as caught:
            ProxySettings(https=https, no_proxy=(no_proxy,))
        assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(ProxySettings(https="http://u:hunter2@a:1"))


@contextlib.asynccontextmanager
async def tunnelling(
    target: Peer, authorization: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Peer, list[str]]]:
    """A CONNECT proxy that leads every name to `target`; the heads it saw."""
    heads: list[str] = []

    async def script(link: Link) -> None:
        head = (await link.request()).decode("latin-1")
        heads.append(head)
        if authorization and f"\r\nProxy-Authorization: {authorization}\r\n" not in head:
            link.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwho?")
            await link.closed.wait()
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        link.write(b"HTTP/1.0 200 Connection established\r\n\r\n")
        link.forward = writer.write
        try:
            while data := await reader.read(65536):
                link.write(data)
        finally:
            writer.close()

    async with serving(script, tls) as peer:
        yield peer, heads


async def test_https_goes_through_a_tunnel_and_keeps_it() -> None:
    async with (
        serving(answering(OK), server("api.example")) as target,
        tunnelling(target) as (proxy, heads),
        client(tls=trusting(), proxy=ProxySettings(https=proxy.url)) as transport,
    ):
        for _ in range(2):
            answer = await transport.send(post("https://api.example/v1", b"x" * 1000), silence=5)
            assert await answer.read() == b"ok"
        assert heads == ["CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"]
        assert [link.requests for link in target.links] == [2]


async def test_credentials_go_to_the_proxy_and_not_to_the_target() -> None:
    basic = "Basic " + base64.b64encode(b"user:p@ss").decode()
    heads: list[bytes] = []

    async def script(link: Link) -> None:
        heads.append(await link.request())
        link.write(OK)

    async with (
        serving(script, server("api.example")) as target,
        tunnelling(target, basic) as (proxy, _),
        client(tls=trusting(), proxy=ProxySettings(https=proxy.url.replace("//", "//user:p%40ss@"))) as transport,
    ):
        assert await (await transport.send(get("https://api.example/"), silence=5)).read() == b"ok"
        assert b"authorization" not in heads[0].lower()


async def test_a_proxy_that_speaks_tls() -> None:
    async with (
        serving(answering(OK), server("api.example")) as target,
        tunnelling(target, tls=server("127.0.0.1")) as (proxy, _),
        client(tls=trusting(), proxy=ProxySettings(https=proxy.url)) as transport,
    ):
        assert await (await transport.send(get("https://api.example/"), silence=5)).read() == b"ok"


@pytest.mark.parametrize(
    ("userinfo", "why"), [("", "wants a user name and password"), ("user:bad@", "refuses the user name and password")]
)
async def test_a_407_says_what_to_do(userinfo: str, why: str) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwho?"
    async with serving(answering(refusal)) as proxy:
        url = proxy.url.replace("//", f"//{userinfo}")
        async with client(proxy=ProxySettings(https=url, http=url)) as transport:
            for target in ("https://api.example/", "http://api.example/"):
                with pytest.raises(TransportError, match=why) as caught:
                    await transport.send(get(target), silence=5)
                assert caught.value.reason == "connect"
                assert "bad" not in str(caught.value)
        for link in proxy.links:
            await asyncio.wait_for(link.closed.wait(), 0.25)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", b"", b"220 smtp.example\r\n", b"HTTP/1.1 200"]
)
async def test_a_proxy_that_gives_no_tunnel_is_a_connect_failure(answer: bytes) -> None:
    async with (
        serving(then_closing(answer)) as proxy,
        client(proxy=ProxySettings(https=proxy.url)) as transport,
    ):
        with pytest.raises(TransportError, match="proxy") as caught:
            await transport.send(get("https://api.example/"), silence=5)
        assert caught.value.reason == "connect"


async def test_a_proxy_that_is_not_there_is_a_connect_failure() -> None:
    async with serving(answering(OK)) as proxy:
        pass
    async with client(proxy=ProxySettings(https=proxy.url, http=proxy.url)) as transport:
        for url in ("https://api.example/", "http://api.example/"):
            with pytest.raises(TransportError, match="no connection to the proxy") as caught:
                await transport.send(get(url), silence=5)
            assert caught.value.reason == "connect"


async def test_a_silent_proxy_is_a_connect_failure() -> None:
    async with (
        serving(answering(b"")) as proxy,
        client(connect_timeout=0.05, proxy=ProxySettings(https=proxy.url)) as transport,
    ):
        with pytest.raises(TransportError, match="nobody answered") as caught:
            await transport.send(get("https://api.example/"), silence=5)
        assert caught.value.reason == "connect"
        await asyncio.wait_for(proxy.links[0].closed.wait(), 0.25)


@pytest.mark.parametrize("ca", [trustme.CA(), CA])
async def test_the_certificate_inside_a_tunnel_is_checked(ca: trustme.CA) -> None:
    async with (
        serving(answering(OK), server("other.example", ca=ca)) as target,
        tunnelling(target) as (proxy, _),
        client(tls=trusting(), proxy=ProxySettings(https=proxy.url)) as transport,
    ):
        with pytest.raises(TransportError, match=r"certificate of api\.example:443") as caught:
            await transport.send(get("https://api.example/"), silence=5)
        assert caught.value.reason == "tls"
        await asyncio.wait_for(proxy.links[0].closed.wait(), 0.25)


async def test_http_goes_to_the_proxy_in_absolute_form() -> None:
    heads: list[bytes] = []

    async def script(link: Link) -> None:
        while request := await link.request():
            heads.append(request)
            link.write(OK)

    async with (
        serving(script) as proxy,
        client(proxy=ProxySettings(http=proxy.url.replace("//", "//u:p@"))) as transport,
    ):
        for _ in range(2):
            assert await (await transport.send(get("http://api.example:81/x?y"), silence=5)).read() == b"ok"
        assert len(proxy.links) == 1
        assert heads[0].startswith(b"GET http://api.example:81/x?y HTTP/1.1\r\nHost: api.example:81\r\n")
        assert b"\r\nProxy-Authorization: Basic dTpw\r\n" in heads[0]


def test_a_proxy_and_pinned_addresses_exclude_each_other() -> None:
    from gigamost.upstreams.transport import HttpTransport

    async def resolve(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(ValueError, match="proxy"):
        HttpTransport(proxy=ProxySettings(), resolve=resolve)
