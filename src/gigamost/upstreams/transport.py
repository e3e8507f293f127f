"""The pooled HTTP/1.1 client: keep-alive connections per origin, on the request path of every call."""

import asyncio
import ssl
from functools import lru_cache

from gigamost.upstreams.answer import Answer
from gigamost.upstreams.connection import Connection
from gigamost.upstreams.dial import dial, unauthorized
from gigamost.upstreams.head import Origin, encode_head, locate
from gigamost.upstreams.http import HttpRequest, TransportError
from gigamost.upstreams.proxies import ProxySettings
from gigamost.upstreams.tcp import Resolve


class HttpTransport:
    """A `Transport`. `tls` None means the platform's trust. Times are seconds.

    `max_connections` is a guard for file descriptors, not a queue: a request above it fails with "connect".
    `resolve` pins where connections go; a proxy would choose that itself, so the two exclude each other (ValueError).
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: ProxySettings | None = None,
        connect_timeout: float = 10.0,
        idle_timeout: float = 55.0,
        max_connections: int = 1000,
        resolve: Resolve | None = None,
    ) -> None:
        if resolve is not None and proxy is not None:
            raise ValueError("behind a proxy nobody here resolves names: give either `resolve` or `proxy`")
        self._tls = tls
        self._proxy_for = lru_cache(maxsize=512)((proxy or ProxySettings()).proxy_for)
        self._connect_timeout = connect_timeout
        self._idle_timeout = idle_timeout
        self._max_connections = max_connections
        self._resolve = resolve
        self._closed = False
        self._idle: dict[Origin, list[Connection]] = {}
        self._origins: dict[Connection, Origin] = {}
        self._dialling: set[asyncio.Timeout] = set()

    async def send(self, request: HttpRequest, *, silence: float) -> Answer:
        """Returns once the head of the answer is there. `silence`: seconds without a byte that are too many.

        Nothing is ever sent twice. Cancelling closes the connection. Raises TransportError, and ValueError for a
        request that cannot be written (a line break in a header, a URL that is none).
        """
        location = locate(request.url)
        origin = location.origin
        proxy = self._proxy_for(origin) if origin.scheme == "http" else None  # https goes through a tunnel instead
        head = encode_head(request, location, proxy.authorization if proxy is not None else None)
        connection = self._take(origin) or await self._open(origin, silence)
        answer = await connection.send(head, request.body, silence=silence, bodiless=request.method == "HEAD")
        if proxy is not None and answer.status == 407:
            answer.close()
            raise unauthorized(proxy)
        return answer

    async def close(self) -> None:
        """Closes every connection, with whatever is under way."""
        self._closed = True
        for attempt in self._dialling:
            attempt.reschedule(asyncio.get_running_loop().time())
        connections = list(self._origins)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.gone for connection in connections))

    def _take(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_reusable():
                return connection
            connection.abort()
        return None

    async def _open(self, origin: Origin, silence: float) -> Connection:
        self._make_room()
        loop = asyncio.get_running_loop()
        seconds = min(self._connect_timeout, silence)

        def make() -> Connection:
            return Connection(loop, str(origin), idle_timeout=self._idle_timeout, freed=self._freed)

        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._dialling.add(limit)
                connection = await dial(
                    make, origin, proxy=self._proxy_for(origin), trust=self._trust, resolve=self._resolve
                )
        except TimeoutError:
            why = "the transport was closed" if self._closed else f"nobody answered within {seconds:g} s"
            raise TransportError("connect", f"no connection to {origin}: {why}") from None
        finally:
            self._dialling.discard(limit)
        if self._closed or not connection.is_reusable():
            connection.abort()
            raise TransportError("connect", f"no connection to {origin}: it was closed at once")
        self._origins[connection] = origin
        return connection

    def _make_room(self) -> None:
        if self._closed:
            raise TransportError("connect", "the transport was closed")
        if len(self._origins) + len(self._dialling) < self._max_connections:
            return
        idle = next((connections for connections in self._idle.values() if connections), None)
        if idle is None:
            raise TransportError("connect", f"all {self._max_connections} connections are in use")
        idle[0].abort()

    def _freed(self, connection: Connection) -> None:
        origin = self._origins.get(connection)
        if origin is None:
            return
        if connection.is_reusable():
            self._idle.setdefault(origin, []).append(connection)
            return
        del self._origins[connection]
        idle = self._idle.get(origin)
        if idle is not None:
            if connection in idle:
                idle.remove(connection)
            if not idle:
                del self._idle[origin]
        connection.abort()

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls
