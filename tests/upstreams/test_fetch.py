"""Fetching what a client's URL names: real sockets, and every attempt to connect is seen by an audit hook."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_network
from socket import gaierror, inet_aton

import pytest
import trustme

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.upstreams.addresses import Network
from gigamost.upstreams.fetch import Fetched, Fetcher, parse_url

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.1/32"),)
PARAM = "messages[0].content[1]"
LIMIT = 1_000_000

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
_watchers: list[list[str]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watchers:
        address = arguments[1]
        if isinstance(address, tuple):
            for seen in _watchers:
                seen.append(str(address[0]))


sys.addaudithook(_watch)


@contextmanager
def connects() -> Iterator[list[str]]:
    """The addresses that this process tries to connect to."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


class Site:
    """A web server on 127.0.0.1. `answers` maps a path to the raw bytes of the answer; "" is for all others."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.heads: list[str] = []
        self.accepted = 0
        self.port = 0
        self.release = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            path = head.split(" ")[1]
            if path == "/slow":
                await self.release.wait()
            writer.write(self.answers.get(path) or self.answers.get("", answer()))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(
    body: bytes = b"data", status: str = "200 OK", mime: str = "image/png", extra: str = "", *, length: bool = True
) -> bytes:
    size = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 {status}\r\nContent-Type: {mime}\r\nConnection: close\r\n{size}{extra}\r\n".encode() + body


def moved(location: str) -> bytes:
    return answer(b"", "302 Found", extra=f"Location: {location}\r\n")


@asynccontextmanager
async def site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    one = Site()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=tls)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        one.release.set()
        server.close()
        await server.wait_closed()


def names(table: Mapping[str, Sequence[str]]) -> Resolver:
    """A resolver that knows these names, and reads numbers as the system's does."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host in table:
            return table[host]
        try:
            return (str(IPv4Address(inet_aton(host))),)
        except OSError:
            raise gaierror(-2, "Name or service not known") from None

    return resolve


@asynccontextmanager
async def fetcher(
    table: Mapping[str, Sequence[str]] | None = None,
    allowed: tuple[Network, ...] = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    seconds: float = 10.0,
    resolve: Resolver | None = None,
) -> AsyncIterator[Fetcher]:
    one = Fetcher(resolve=resolve or names(table or {}), tls=tls, allowed=allowed, seconds=seconds)
    try:
        yield one
    finally:
        await one.close()


async def get(one: Fetcher, url: str, limit: int = LIMIT) -> Fetched:
    return await one.fetch(url, max_bytes=limit, param=PARAM)


async def problem(one: Fetcher, url: str, limit: int = LIMIT) -> Problem:
    with pytest.raises(GatewayError) as caught:
        await get(one, url, limit)
    return caught.value.problem


# What a request may not reach, and the ways to write it.

TARGETS = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "169.254.169.254",
    "172.16.0.1", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
)  # fmt: skip

FULLWIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")


def spellings(target: str) -> Iterator[str]:
    """Hosts that some parser somewhere reads as this address."""
    v4 = IPv4Address(target)
    a, b, c, d = v4.packed
    number = int(v4)
    high, low = f"{a:02x}{b:02x}", f"{c:02x}{d:02x}"
    yield from (target, f"{target}.", f"{target}..", f".{target}", f"{target}%00", f"{target} ", f"{target}\t")
    yield from (str(number), f"{number}.", hex(number), hex(number).upper(), f"0{number:o}", f"0o{number:o}")
    yield from (
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"0x{a:x}.{b}.{c}.{d}",
        f"{a}.0x{number & 0xFFFFFF:x}",
    )
    yield from (f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"{a:03}.{b:03}.{c:03}.{d:03}")
    yield from (f"{a:08o}.{b}.{c}.{d}", f"{number + 2**32}", f"{a + 256}.{b}.{c}.{d}", f"{target}.0")
    yield from (
        target.translate(FULLWIDTH),
        target.translate(CIRCLED),
        target.replace(".", "。"),
        target.replace(".", "｡"),
    )
    yield from (target.replace(".", "%2e"), "".join(f"%{ord(each):02x}" for each in target), f"{a}.{b}.{c}\u00ad.{d}")
    yield from (f"[::ffff:{target}]", f"[::ffff:{high}:{low}]", f"[0:0:0:0:0:FFFF:{target}]", f"[::{target}]")
    yield from (f"[64:ff9b::{target}]", f"[64:ff9b:1::{target}]", f"[2002:{high}:{low}::1]", f"[::ffff:0:{target}]")
    yield f"[{IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF))}]"
    yield from (f"[2a00:1450:4001::5efe:{target}]", f"[2a00:1450:4001::200:5efe:{target}]", f"[::ffff:{target}%25lo]")
    yield from (
        f"[{target}]",
        f"user@{target}",
        f"user:pass@{target}",
        f"public.example@{target}",
        f"public.example:80@{target}",
    )
    yield from (
        f"public.example#@{target}",
        f"public.example%23@{target}",
        f"{target}%2f@public.example",
        f"{target}\\@public.example",
        f"public.example\\@{target}",
    )
    yield from (f"to-{number}.example", f"both-{number}.example", f"mapped-{number}.example", f"{target}.nip.example")


PLAIN = (
    "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://localhost.:{port}/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "http://ip6-localhost:{port}/", "http://metadata.google.internal/", "http://[::1]:{port}/", "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/", "http://[::1%25lo]:{port}/", "http://[::1%lo]:{port}/", "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/",
    "http://[100::1]/", "http://[v1.127.0.0.1]:{port}/", "http://[::1]]:{port}/", "http://[[::1]]:{port}/", "http://::1/",
    "http:/127.0.0.1:{port}/", "http:127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "http:////127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}", "http:\\\\127.0.0.1:{port}\\", "http://\\127.0.0.1:{port}/",
    "http:\t//127.0.0.1:{port}/", "ht\ntp://127.0.0.1:{port}/", " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}", "HTTP://127.0.0.1:{port}/", "http://127.0.0.1:0{port}/", "http://127.1:{port}/",
    "http://0:{port}/", "http://0.0:{port}/", "http://00:{port}/", "http://0x0:{port}/", "http://127.0.1:{port}/",
    "http://:{port}/", "http://@127.0.0.1:{port}/", "http://%31%32%37.0.0.1:{port}/", "http://127.0.0.1:80\\@example/",
    "http://①②⑦.⓪.⓪.①:{port}/", "http://127.0.0.1\u200b:{port}/", "http://127.0.0.1\u2044:{port}/", "http://-:{port}/",
    "file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x", "dict://127.0.0.1:{port}/x",
    "unix:///var/run/docker.sock", "jar:http://127.0.0.1:{port}/!/", "data:text/plain,x", "javascript:1", "", "http://",
    "https://127.0.0.1:{port}/", "https://[::ffff:7f00:1]:{port}/", "ws://127.0.0.1:{port}/", "http+unix://127.0.0.1/",
    "http://8.8.8.8:22/", "http://8.8.8.8:25/", "http://8.8.8.8:0/", "http://8.8.8.8:65536/", "http://8.8.8.8:99999999999/",
    "http://8.8.8.8:-1/", "http://8.8.8.8:80:{port}/", "http://8.8.8.8:8O/", "http://8.8.8.8:{port}@127.0.0.1:{port}/",
)  # fmt: skip


async def test_no_spelling_reaches_an_address_that_is_not_public() -> None:
    table: dict[str, Sequence[str]] = {
        "localhost": ("127.0.0.1", "::1"),
        "ip6-localhost": ("::1",),
        "metadata.google.internal": ("169.254.169.254",),
    }
    for target in TARGETS:
        number = int(IPv4Address(target))
        table |= {
            f"to-{number}.example": (target,),
            f"both-{number}.example": ("8.8.8.8", target),
            f"mapped-{number}.example": (f"::ffff:{target}",),
            f"{target}.nip.example": (target,),
        }
    async with site() as victim, fetcher(table, allowed=()) as one:
        urls = [url.replace("{port}", str(victim.port)) for url in PLAIN]
        urls += [f"http://{host}:{victim.port}/secret" for target in TARGETS for host in spellings(target)]
        assert len(urls) >= 300
        with connects() as seen:
            refused = [await problem(one, url) for url in urls]
        assert seen == []
        assert victim.accepted == 0
    assert {each.status for each in refused} == {400}
    assert {each.param for each in refused} == {PARAM}


async def test_no_redirect_reaches_an_address_that_is_not_public() -> None:
    table: dict[str, Sequence[str]] = {"inside.example": ("127.0.0.2",)}
    async with site() as public, fetcher(table) as one:
        hosts = [
            host for target in TARGETS if target != "127.0.0.1" for host in spellings(target) if host.isprintable()
        ]
        locations = [f"http://{host}:{public.port}/" for host in hosts if host.isascii() and " " not in host]
        locations += [
            f"http://inside.example:{public.port}/",
            f"//127.0.0.2:{public.port}/",
            "file:///etc/passwd",
            "http://[",
        ]
        for at, location in enumerate(locations):
            public.answers[f"/{at}"] = moved(location)
        with connects() as seen:
            for at in range(len(locations)):
                assert (await problem(one, f"http://127.0.0.1:{public.port}/{at}")).status == 400
        assert set(seen) == {"127.0.0.1"}
        assert len(public.heads) == len(locations)


# What a fetch does.


async def test_connects_to_the_address_and_speaks_to_the_name() -> None:
    async with site() as public, fetcher({"files.example": ("127.0.0.1",)}) as one:
        public.answers["/a/%D0%BA%D0%BE%D1%82.png?x=1"] = answer(b"PNG", mime="Image/PNG; charset=x")
        found = await get(one, f"http://Files.Example.:{public.port}/a/кот.png?x=1#fragment")
        assert found == Fetched(b"PNG", "image/png", "кот.png")
        assert f"\r\nHost: files.example:{public.port}\r\n" in public.heads[0]


async def test_tls_is_verified_for_the_name() -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("files.example").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    table = {"files.example": ("127.0.0.1",), "other.example": ("127.0.0.1",)}
    async with site(server) as public, fetcher(table, tls=client) as one:
        assert (await get(one, f"https://files.example:{public.port}/x.png")).data == b"data"
        assert (await problem(one, f"https://other.example:{public.port}/x.png")).status == 400
        assert len(public.heads) == 1


async def test_a_name_is_resolved_once() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    async with site() as public, fetcher(resolve=rebinding) as one:
        with connects() as seen:
            await get(one, f"http://rebinding.example:{public.port}/")
            assert asked == ["rebinding.example"]
            await problem(one, f"http://rebinding.example:{public.port}/")
        assert seen == ["127.0.0.1"]


async def test_one_internal_address_among_public_ones_is_enough_to_refuse() -> None:
    async with site() as public, fetcher({"mixed.example": ("127.0.0.1", "127.0.0.2")}) as one:
        with connects() as seen:
            await problem(one, f"http://mixed.example:{public.port}/")
        assert seen == []


async def test_three_redirects_are_followed_and_no_fourth() -> None:
    async with site() as public, fetcher({"files.example": ("127.0.0.1",)}) as one:
        public.answers |= {
            "/4": moved("/3"),
            "/3": moved("2"),
            "/2": moved(f"http://files.example:{public.port}/1"),
            "/1": moved("//files.example:" + str(public.port) + "/end.png"),
        }
        assert (await get(one, f"http://127.0.0.1:{public.port}/3")).name == "end.png"
        assert "redirects" in (await problem(one, f"http://127.0.0.1:{public.port}/4")).message


async def test_a_redirect_from_https_to_http_is_refused() -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("files.example").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with (
        site(server) as safe,
        site() as plain,
        fetcher({"files.example": ("127.0.0.1",)}, tls=client) as one,
    ):
        safe.answers["/x"] = moved(f"http://files.example:{plain.port}/x")
        assert "https to http" in (await problem(one, f"https://files.example:{safe.port}/x")).message
        assert plain.accepted == 0


@pytest.mark.parametrize("length", [True, False])
async def test_the_size_is_limited(length: bool) -> None:
    async with site() as public, fetcher() as one:
        public.answers |= {"/fits": answer(b"x" * 1000, length=length), "/big": answer(b"x" * 1001, length=length)}
        assert len((await get(one, f"http://127.0.0.1:{public.port}/fits", 1000)).data) == 1000
        refused = await problem(one, f"http://127.0.0.1:{public.port}/big", 1000)
        assert refused.kind is Kind.TOO_LARGE
        assert refused.param == PARAM


async def test_the_time_is_limited() -> None:
    async with site() as public, fetcher(seconds=0.05) as one:
        refused = await problem(one, f"http://127.0.0.1:{public.port}/slow")
        assert refused.status == 400
        assert refused.param == PARAM


async def test_answers_that_are_no_file() -> None:
    async with site() as public, fetcher() as one:
        public.answers |= {
            "/page": answer(b"<html>", mime="text/html; charset=utf-8"),
            "/gone": answer(b"{}", "404 Not Found"),
            "/cut": answer(b"x" * 10)[:-5],
            "/noise": b"SSH-2.0-OpenSSH_9.6\r\n",
        }
        base = f"http://127.0.0.1:{public.port}"
        assert "web page" in (await problem(one, f"{base}/page")).message
        assert "HTTP 404" in (await problem(one, f"{base}/gone")).message
        assert (await problem(one, f"{base}/cut")).status == 400
        assert (await problem(one, f"{base}/noise")).status == 400


async def test_what_is_inside_cannot_be_told_from_what_is_not_there() -> None:
    async with site() as public:
        closed = public.port
    table: dict[str, Sequence[str]] = {"inside.example": ("10.0.0.1",), "closed.example": ("127.0.0.1",)}
    async with fetcher(table) as one:
        hosts = ("inside.example", "closed.example", "nowhere.example", "10.0.0.1", "[::1]")
        texts = {(await problem(one, f"http://{host}:{closed}/")).message for host in hosts}
    assert len(texts) == 1
    (text,) = texts
    assert PARAM in text
    assert "inline" in text
    assert "10.0" not in text


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("HTTP://EXAMPLE.com:8080?q=1#f", "example.com", 8080, "/?q=1"),
        ("http://example.com:/a b".replace(" ", "%20"), "example.com", 80, "/a%20b"),
        ("https://пример.рф/кот", "xn--e1afmkfd.xn--p1ai", 443, "/%D0%BA%D0%BE%D1%82"),
        ("https://a_b.example.com./x", "a_b.example.com", 443, "/x"),
        ("http://1.1.1.1/", "1.1.1.1", 80, "/"),
        ("http://[2606:4700:4700::1111]:8443/", "2606:4700:4700::1111", 8443, "/"),
        ("http://7.example.com:443/", "7.example.com", 443, "/"),
    ],
)
def test_a_plain_url_is_read(url: str, host: str, port: int, path: str) -> None:
    target = parse_url(url, PARAM)
    assert (target.host, target.port, target.path) == (host, port, path)
