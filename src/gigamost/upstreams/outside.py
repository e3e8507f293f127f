"""Connections to addresses that somebody else chose: pictures of clients, receivers of webhooks.

A URL is read by one strict grammar and rebuilt from its parts; the name is resolved once, every address it has must be
public, and the connection goes to such an address, with Host and TLS of the original name. Proxies are not used: behind
one, the address that is connected to would be the proxy's choice.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote

import msgspec

from gigamost.upstreams.addresses import Network, is_allowed
from gigamost.upstreams.tcp import Resolve
from gigamost.upstreams.transport import HttpTransport

_IDLE = 5.0  # seconds that a connection is kept: several pictures of one request often come from one host

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


def guarded(
    *, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None, allowed: Sequence[Network] = ()
) -> HttpTransport:
    """A transport that connects to public addresses, and to those in `allowed`, alone. For a host that has another one
    its TransportError is that of a host that is not there."""
    look_up = resolve or _system_addresses

    async def checked(host: str, port: int) -> Sequence[str]:
        try:
            addresses: Sequence[str] = (str(ip_address(host)),)
        except ValueError:
            addresses = await look_up(host, port)
        for address in addresses:
            if not is_allowed(ip_address(address), allowed):
                raise OSError(f"{host} has the address {address}, which is not public")
        return addresses

    return HttpTransport(tls=tls, resolve=checked, idle_timeout=_IDLE)


def parse(url: str) -> Target:
    """Raises ValueError, whose text completes "the address ...", for anything but a plain http(s) URL to a name or a
    fully written address, on port 80, 443 or one from 1024 up (the others belong to services that are not the web)."""
    found = None if len(url) > 8192 or _FORBIDDEN.search(url) else _URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "is not a plain http:// or https:// address (no user name, no spaces, at most 8192 characters)"
        )
    scheme = found["scheme"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if port not in (80, 443) and not 1024 <= port <= 65535:
        raise ValueError("names a port that is not a web server's (80, 443, 1024 to 65535)")
    host = _host(found["host"])
    if host is None:
        raise ValueError("names no valid host")
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


async def _system_addresses(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]
