"""Browsers' cross-origin rules (https://fetch.spec.whatwg.org/#http-cors-protocol). Off unless origins are named."""

from collections.abc import Sequence

from gigamost.server.exchange import Http
from gigamost.server.types import Header

_EXPOSED = (
    b"x-request-id, retry-after, age, x-gigamost-cache, x-gigamost-upstream, x-gigamost-attempts, x-gigamost-ignored"
)


class Cors:
    """`origins` may be `*`. A page of another origin gets an answer without permission to read it."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def answers(self, http: Http) -> bool:
        """OPTIONS is answered before authentication: browsers send no key with it."""
        return http.method == "OPTIONS"

    async def preflight(self, http: Http) -> None:
        headers: list[Header] = []
        if http.common:
            asked = http.headers.get("access-control-request-headers", "")
            headers = [
                (b"access-control-allow-methods", b"GET, POST, DELETE, PATCH, OPTIONS"),
                (b"access-control-allow-headers", asked.encode("latin-1", "replace") or b"*"),
                (b"access-control-max-age", b"600"),
            ]
        await http.whole(204, b"", headers)

    def headers(self, http: Http) -> list[Header]:
        origin = http.headers.get("origin")
        if not self._origins or origin is None or not self._origins & {origin, "*"}:
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1", "replace")),
            (b"access-control-expose-headers", _EXPOSED),
            (b"vary", b"Origin"),
        ]
