"""Opens connections that are ready for requests: TCP, then a proxy's tunnel, then TLS."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gigamost.upstreams import tcp
from gigamost.upstreams.connection import Connection
from gigamost.upstreams.head import Origin
from gigamost.upstreams.http import TransportError
from gigamost.upstreams.proxies import Proxy

Make = Callable[[], Connection]
Trust = Callable[[], ssl.SSLContext]

_LONGER_THAN_DIALLING = 3600.0  # seconds: the caller's limit ends a silent proxy


async def dial(
    make: Make, origin: Origin, *, proxy: Proxy | None, trust: Trust, resolve: tcp.Resolve | None
) -> Connection:
    """With `resolve` the connection goes to one of those addresses exactly, while TLS keeps the name.

    Raises TransportError (connect, tls); nothing of a request was sent then. The caller limits the time.
    """
    if proxy is None:
        with _explained(str(origin)):
            return await _open(make, origin, trust, resolve)
    with _explained(f"the proxy {proxy.origin}"):
        if origin.scheme == "http":
            return await _open(make, proxy.origin, trust, None)
        raw = await _tunnel(origin, proxy, trust)
    try:
        with _explained(f"{origin} through the proxy {proxy.origin}"):
            connection = make()
            inner = await asyncio.get_running_loop().start_tls(raw, connection, trust(), server_hostname=origin.host)
            if inner is None:
                raise OSError("the tunnel was closed")
    except BaseException:
        raw.abort()
        raise
    connection.connection_made(inner)
    return connection


def unauthorized(proxy: Proxy) -> TransportError:
    """What a 407 means."""
    what = "refuses the user name and password" if proxy.authorization else "wants a user name and password"
    return TransportError("connect", f"the proxy {proxy.origin} {what} (HTTP 407): put them into the proxy's URL")


async def _open(make: Make, origin: Origin, trust: Trust, resolve: tcp.Resolve | None) -> Connection:
    sock = await tcp.connect(origin.host, origin.port, resolve)
    try:
        context = trust() if origin.scheme == "https" else None
        name = origin.host if context is not None else None
        _, connection = await asyncio.get_running_loop().create_connection(
            make, sock=sock, ssl=context, server_hostname=name
        )
    except BaseException:
        sock.close()
        raise
    return connection


async def _tunnel(origin: Origin, proxy: Proxy, trust: Trust) -> asyncio.Transport:
    """A raw transport whose other end is `origin`."""
    loop = asyncio.get_running_loop()

    def make() -> Connection:
        return Connection(loop, f"the proxy {proxy.origin}", idle_timeout=_LONGER_THAN_DIALLING, freed=_kept)

    hop = await _open(make, proxy.origin, trust, None)
    try:
        credentials = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        head = f"CONNECT {origin} HTTP/1.1\r\nHost: {origin}\r\n{credentials}\r\n".encode("latin-1")
        answer = await hop.send(head, b"", silence=_LONGER_THAN_DIALLING, bodiless=True)
        if answer.status == 407:
            raise unauthorized(proxy)
        if not 200 <= answer.status < 300:
            raise OSError(f"it refuses a tunnel to {origin} (HTTP {answer.status})")
        return hop.detach()
    except TransportError as error:
        raise TransportError("connect", str(error)) from None
    finally:
        hop.abort()  # nothing is left to abort once the socket was handed over


def _kept(_: Connection) -> None:
    """The dialler itself looks after its way to a proxy."""


@contextmanager
def _explained(peer: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TransportError("tls", f"the certificate of {peer} was refused: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise TransportError("tls", f"no TLS connection to {peer}: {error.reason or error}") from None
    except OSError as error:
        raise TransportError(
            "connect", f"no connection to {peer}: {error.strerror or str(error) or 'it closed the connection'}"
        ) from None
