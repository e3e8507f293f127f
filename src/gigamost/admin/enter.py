"""`/admin/enter?token=...`: exchanges a one-time link for a session, and leads to the panel."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from gigamost.admin.cookies import set_cookie
from gigamost.admin.logins import Logins
from gigamost.auth.access import Peer
from gigamost.core.errors import GatewayError, Kind

Message = MutableMapping[str, Any]  # ASGI's own shape
PATH: Final = "/admin/enter"
# The address has a secret in it: nobody is told where the browser comes from, and nothing keeps the page.
_COMMON: Final = (("cache-control", "no-store"), ("referrer-policy", "no-referrer"))


class Enter:
    """An ASGI application for `PATH`. Looking (HEAD) does not use a link up."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    async def __call__(self, scope: Message, receive: object, send: Callable[[Message], Awaitable[None]]) -> None:
        try:
            status, headers, text = 303, await self._enter(scope), ""
        except GatewayError as error:
            status, headers, text = error.problem.status, (), error.problem.message + "\n"
        body = text.encode()
        kind, length = ("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))
        told = [(name.encode(), value.encode()) for name, value in (*_COMMON, kind, length, *headers)]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _enter(self, scope: Message) -> tuple[tuple[str, str], ...]:
        if scope["method"] != "GET":
            raise GatewayError(Kind.UNAUTHENTICATED, "Open this link in a browser.")
        link = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        opened = await self._logins.enter(link)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return ("location", "/admin"), set_cookie(opened.token.reveal(), Peer(headers, {}))
