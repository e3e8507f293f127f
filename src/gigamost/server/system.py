"""The gateway's own routes: is it alive, is it ready, what is it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gigamost.auth.access import Access, Peer
from gigamost.core.errors import GatewayError, Kind
from gigamost.server.exchange import Http
from gigamost.server.respond import JSON

# The state of the parts, as `/health` shows it: `gigachat_available` and whatever else the composition root knows.
Health = Callable[[], Mapping[str, Any]]


class System:
    """`closed`: `/health` needs the master key (prod)."""

    def __init__(self, *, health: Health, access: Access, closed: bool) -> None:
        self._health = health
        self._access = access
        self._closed = closed

    async def serve(self, http: Http, *, draining: bool) -> bool:
        """Whether the path was one of these. Raises GatewayError (401)."""
        if http.method not in ("GET", "HEAD"):
            return False
        match http.path:
            case "/health/live":
                await _json(http, 200, {"status": "alive"})
            case "/health/ready":
                await _json(http, 503 if draining else 200, {"status": "draining" if draining else "ready"})
            case "/health":
                if self._closed and not self._access.is_master(Peer(http.headers, http.query)):
                    raise GatewayError(Kind.UNAUTHENTICATED, "/health needs the master key here.")
                await _json(http, 200, {"status": "draining" if draining else "healthy", **self._health()})
            case _:
                return False
        return True


async def _json(http: Http, status: int, value: Mapping[str, Any]) -> None:
    await http.whole(status, msgspec.json.encode(value), [JSON])
