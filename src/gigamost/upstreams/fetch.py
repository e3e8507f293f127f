"""Fetches what a client's URL names, and can be talked into nothing else.

A URL is read by one strict grammar and rebuilt from its parts; the name is resolved once, every address it has must be
public, and the connection goes to such an address, with Host and TLS of the original name. Each redirect starts from
scratch. Proxies are not used: behind one, the address that is connected to would be the proxy's choice.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote, unquote, urljoin

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.upstreams.addresses import Network, is_allowed
from gigamost.upstreams.http import HttpRequest, Response, TransportError
from gigamost.upstreams.tcp import Resolve
from gigamost.upstreams.transport import HttpTransport

REDIRECTS = 3
INLINE = "Send the data inline (base64) instead."
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_HEADERS = (("User-Agent", "gigamost"), ("Accept", "*/*"))
_IDLE = 5.0  # seconds that a connection is kept: several pictures of one request often come from one host
# One text for a name that does not exist, an internal address and a closed port: none can be told from another.
_UNREACHABLE = f"could not be fetched: it does not answer, or it is not on the public internet. {INLINE}"

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\%]+)(?::(?P<port>[0-9]{0,5}))?(?P<path>[/?][^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Target(msgspec.Struct, frozen=True):
    """A URL taken apart. `host` is ASCII: a lower-case name without its final dot, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


class Fetched(msgspec.Struct, frozen=True):
    """`mime` is what the server said, without parameters, "" when it said nothing; `name` the last part of the path."""

    data: bytes
    mime: str
    name: str


class Fetcher:
    """`allowed` lists networks that are not public and may be reached all the same (an operator's own file server);
    `seconds` is the time that one fetch may take, redirects included."""

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        allowed: tuple[Network, ...] = (),
        seconds: float = 10.0,
    ) -> None:
        self._resolve = resolve or _system_addresses
        self._allowed = allowed
        self._seconds = seconds
        self._transport = HttpTransport(tls=tls, resolve=self._checked, idle_timeout=_IDLE)

    async def fetch(self, url: str, *, max_bytes: int, param: str) -> Fetched:
        """Raises GatewayError (400, or 413 for more than `max_bytes`) that names `param` and says what to do."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, max_bytes, param)
        except TimeoutError:
            raise _failed(f"took longer than {self._seconds:g} seconds. {INLINE}", param) from None
        except TransportError as error:
            if error.reason == "too_large":
                raise _too_large(max_bytes, param) from None
            raise _failed(_UNREACHABLE, param, f"{error.reason}: {error}") from None

    async def close(self) -> None:
        await self._transport.close()

    async def _follow(self, url: str, max_bytes: int, param: str) -> Fetched:
        target = parse_url(url, param)
        for _ in range(REDIRECTS + 1):
            request = HttpRequest("GET", target.url, _HEADERS)
            response = await self._transport.send(request, silence=self._seconds)
            try:
                location = response.headers.get("location", "")
                if response.status not in _REDIRECT_STATUSES or not location:
                    return await _body(response, target, max_bytes, param)
            finally:
                response.close()
            try:
                following = parse_url(urljoin(target.url, location), param)
            except ValueError:
                raise _failed(f"redirects to something that is no address. {INLINE}", param) from None
            if target.scheme == "https" and following.scheme == "http":
                raise _failed(f"redirects from https to http. {INLINE}", param)
            target = following
        raise _failed(f"redirects more than {REDIRECTS} times. {INLINE}", param)

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all public. Raises OSError: for the client, a host that is not there."""
        try:
            addresses: Sequence[str] = (str(ip_address(host)),)
        except ValueError:
            addresses = await self._resolve(host, port)
        for address in addresses:
            if not is_allowed(ip_address(address), self._allowed):
                raise OSError(f"{host} has the address {address}, which is not public")
        return addresses


def parse_url(url: str, param: str) -> Target:
    """Raises GatewayError (400) for anything but a plain http(s) URL to a name or a fully written address, on port 80,
    443 or one from 1024 up (the others belong to services that are not the web)."""
    found = None if len(url) > 8192 or _FORBIDDEN.search(url) else _URL.fullmatch(url)
    if found is None:
        raise _failed(
            f"is not a plain http:// or https:// address (no user name, no spaces, at most 8192 characters). {INLINE}",
            param,
        )
    scheme = found["scheme"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if port not in (80, 443) and not 1024 <= port <= 65535:
        raise _failed(f"names a port that is not a web server's (80, 443, 1024 to 65535). {INLINE}", param)
    host = _host(found["host"])
    if host is None:
        raise _failed(f"names no valid host. {INLINE}", param)
    path = found["path"] or "/"
    path = quote(path if path.startswith("/") else f"/{path}", safe="/?%:@!$&'()*+,;=~[]|", errors="replace")
    return Target(scheme, host, port, path)


def _host(text: str) -> str | None:
    """The host in its one spelling. A name that ends in a number is an address, and only one in four decimal parts:
    what else `inet_aton` reads (2130706433, 0x7f.1, 0177.0.0.1) is refused."""
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1]))
        except ValueError:
            return None
    try:
        name = text.encode("idna").decode("ascii").lower().removesuffix(".") if len(text) <= 253 else ""
    except UnicodeError:
        return None
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(ip_address(name))
        except ValueError:
            return None
    return name if all(map(_LABEL.fullmatch, labels)) else None


async def _body(response: Response, target: Target, max_bytes: int, param: str) -> Fetched:
    mime = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status != 200:
        raise _failed(f"was answered with HTTP {response.status}. {INLINE}", param)
    if mime in ("text/html", "application/xhtml+xml"):
        raise _failed("leads to a web page, not to a file: link the file itself, or send the data inline.", param)
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes, param)
    data = await response.read(max_bytes)
    return Fetched(data, mime, unquote(target.path.partition("?")[0]).rpartition("/")[2])


async def _system_addresses(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _failed(why: str, param: str, detail: str = "") -> GatewayError:
    return GatewayError(Kind.INVALID_REQUEST, f"The address in {param} {why}", param=param, detail=detail)


def _too_large(max_bytes: int, param: str) -> GatewayError:
    message = f"The file behind the address in {param} is larger than {max_bytes // 1_000_000} MB: send a smaller one."
    return GatewayError(Kind.TOO_LARGE, message, param=param)
