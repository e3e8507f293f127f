"""The gateway's own routes: is it alive, is it ready, what is it, what does it do."""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any

import msgspec

from gigamost.auth.access import Access, Peer, is_loopback, keys_in
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.server.exchange import Http
from gigamost.server.metrics import Metrics
from gigamost.server.respond import JSON

# The state of the parts, as `/health` shows it: `gigachat_available` and whatever else the composition root knows. True
# is for an administrator.
Health = Callable[[bool], Mapping[str, Any]]


class System:
    """`closed`: `/health` and `/metrics` need the master key, or `metrics_key`, which is good for nothing else (prod).
    In an open gateway `/metrics` is for this machine alone."""

    def __init__(
        self, *, health: Health, metrics: Metrics, access: Access, metrics_key: Secret | None, closed: bool
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._access = access
        self._metrics_key = metrics_key
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
                if self._closed:
                    self._demand_key(http)
                health = self._health(self._access.is_master(Peer(http.headers, http.query)))
                await _json(http, 200, {"status": "draining" if draining else "healthy", **health})
            case "/metrics":
                if self._closed or not (is_loopback(http.address) and is_loopback(http.headers.get("host", ""))):
                    self._demand_key(http)
                content_type, text = await self._metrics.render(http.headers.get("accept", ""))
                await http.whole(200, text, [(b"content-type", content_type.encode())])
            case _:
                return False
        return True

    def _demand_key(self, http: Http) -> None:
        """Raises GatewayError (401)."""
        peer = Peer(http.headers, http.query)
        key = self._metrics_key
        given = keys_in(peer) if key is not None else ()
        if key is not None and any(compare_digest(text.encode(), key.reveal().encode()) for text in given):
            return
        if not self._access.is_master(peer):
            message = f"{http.path} needs the master key here, or the one of GIGAMOST_METRICS_KEY."
            raise GatewayError(Kind.UNAUTHENTICATED, message)


async def _json(http: Http, status: int, value: Mapping[str, Any]) -> None:
    await http.whole(status, msgspec.json.encode(value), [JSON])
