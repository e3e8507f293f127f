"""`/admin/api/*` as an ASGI application: one path from the socket to a call of the table."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from gigamost.admin import wire
from gigamost.admin.entry import Entry
from gigamost.admin.exchange import Answer, Asked, Lines, Owned, Route, missing
from gigamost.admin.reading import unknown
from gigamost.auth.access import Peer
from gigamost.auth.administrators import STRANGER, Actor, check_everywhere, check_role
from gigamost.core.errors import GatewayError, Kind, Problem

# ASGI's own shapes.
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX: Final = "/admin/api"
_LARGEST: Final = 1024 * 1024  # bytes of a body
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Admin:
    """For administrators alone: whatever the path, nobody else learns what is there."""

    def __init__(self, routes: Sequence[Route], entry: Entry) -> None:
        self.routes = tuple(routes)
        self._entry = entry
        self._places: dict[str, dict[str, Route]] = {}
        for route in routes:
            self._places.setdefault(route.path, {})[route.method] = route
        self._patterns = [(_compile(path), methods) for path, methods in self._places.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """authentication > route > method > role > confinement to a tenant > query > body > call."""
        headers: list[tuple[bytes, bytes]] = []
        try:
            answer = await self._answer(scope, receive)
            if isinstance(answer.value, Lines):
                await _in_pieces(answer.value, answer.status, receive, send, is_head=scope["method"] == "HEAD")
                return
            status, body = answer.status, msgspec.json.encode(answer.value)
            headers += ((name.encode(), value.encode()) for name, value in answer.headers)
        except GatewayError as error:
            problem = error.problem
            status, body = problem.status, _told(problem)
            if problem.retry_after is not None:
                headers.append((b"retry-after", str(max(1, round(problem.retry_after))).encode()))
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        peer = Peer(headers, {}, (scope.get("client") or ("",))[0])
        method, path = scope["method"], scope["path"].removeprefix(PREFIX).rstrip("/")
        found = self._places.get(path, {}).get(method)
        by = STRANGER if found is not None and found.is_open else await self._entry.actor(peer, method)
        methods, parameters = self._find(path)
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            message = f"{method} is not possible here: use {', '.join(sorted(methods))}."
            raise GatewayError(Kind.METHOD_NOT_ALLOWED, message)
        if not route.is_open:
            await _check(by, route, parameters)
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
        for name in query:
            if name not in route.query:
                raise unknown("query: ", name, route.query)
        body = await _body(receive) if method in ("POST", "PATCH", "PUT") else b""
        return await route.serve(Asked(parameters, query, body, by, peer))

    def _find(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        for pattern, methods in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None:
                return methods, found.groupdict()
        raise GatewayError(Kind.NOT_FOUND, f"There is no call {path[:200]!r}.", code="unknown_route")


async def _check(by: Actor, route: Route, parameters: Mapping[str, str]) -> None:
    """Raises GatewayError: 403; 404 for what is another tenant's, as if it were not there."""
    check_role(by, route.needs)
    if by.tenant is None or route.within == "call":
        return
    if not isinstance(route.within, Owned):
        check_everywhere(by)
        return
    owned, name = route.within, parameters[route.within.parameter]
    if await owned.tenant_of(name) != by.tenant:
        raise missing(owned.what, name)


async def _in_pieces(lines: Lines, status: int, receive: Receive, send: Send, *, is_head: bool) -> None:
    """Until the client leaves. What fails once the head is out breaks the connection off: that is no whole answer."""
    leaving = asyncio.create_task(_left(receive))
    headers = [(b"content-type", lines.content_type.encode()), (b"cache-control", b"no-store")]
    try:
        async with aclosing(lines.pieces) as pieces:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            if not is_head:
                async for piece in pieces:
                    if leaving.done():
                        return
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _told(problem: Problem) -> bytes:
    return msgspec.json.encode(wire.Failed(wire.Fault(problem.code or problem.kind.label, problem.message)))


async def _body(receive: Receive) -> bytes:
    """Raises GatewayError (413); what a client that has left sent so far is no JSON and changes nothing."""
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if len(data) > _LARGEST:
            raise GatewayError(Kind.TOO_LARGE, f"The request body is larger than {_LARGEST // 1024} KiB.")
        if message["type"] == "http.disconnect":
            raise GatewayError(Kind.INVALID_REQUEST, "The request body is not complete.")
        if not message.get("more_body", False):
            return bytes(data)


def _compile(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)
    literals, names = parts[::2], parts[1::2]
    groups = [f"(?P<{name}>[^/]+)" for name in names] + [""]
    return re.compile("".join(re.escape(text) + group for text, group in zip(literals, groups, strict=True)))
