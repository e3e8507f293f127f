"""The ASGI application: one path from a socket to an endpoint. See `__call__` for the order of the stages."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from gigamost.auth.access import Access, Peer
from gigamost.auth.principal import NOBODY
from gigamost.auth.scopes import check_face
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.face import Face, Incoming, ShowUsage, UploadFile
from gigamost.pipeline.context import Context
from gigamost.pipeline.desk import GONE, Desk
from gigamost.server import logs
from gigamost.server.cors import Cors
from gigamost.server.endpoints import Endpoints, no_route
from gigamost.server.exchange import ClientGone, Http
from gigamost.server.router import Match, Router
from gigamost.server.system import System
from gigamost.server.types import App, Header, Receive, Scope, Send

log = logging.getLogger(__name__)


class Application:
    """`faces[0]` gives the form of errors where no route tells another. `mounted` are other ASGI applications, by the
    path that theirs begin with. `live` counts requests under way."""

    def __init__(
        self,
        *,
        faces: Sequence[Face],
        endpoints: Endpoints,
        access: Access,
        desk: Desk,
        system: System,
        cors: Cors,
        new_id: Callable[[], str],
        mounted: Mapping[str, App] = {},
    ) -> None:
        self._router = Router(faces)
        self._faces = faces
        self._endpoints = endpoints
        self._access = access
        self._desk = desk
        self._system = system
        self.cors = cors
        self._new_id = new_id
        self.mounted = mounted
        self.live = 0
        self.draining = False
        self._idle = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """drain > system routes > route > authentication > method > body > endpoint."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not served")
        http = Http(scope, receive, send, self._new_id())
        match = self._router.find(http.method, http.path, http.headers)
        face = match.face if match is not None else self._faces[0]
        self.live += 1
        try:
            await self._serve(http, match)
        except GatewayError as error:
            await self._refuse(http, face, error.problem)
        except ClientGone:
            http.status = GONE
        except asyncio.CancelledError:
            if not http.client_gone:
                raise
            http.status = GONE
        except Exception:
            # The edge: nothing may leave the gateway but an error in the client's own form.
            log.exception("request %s failed", http.request_id)
            await self._refuse(http, face, Problem(Kind.INTERNAL, "The gateway failed. The operator's log says why."))
        finally:
            if http.visit is not None:
                http.visit.leave(http.status)
            elif match is not None:
                self._desk.meter.count((face.name, "", ""), http.status, monotonic() - http.started)
            self.live -= 1
            if self.live == 0:
                self._idle.set()
            logs.access(
                http.method, http.path, http.status, http.request_id, monotonic() - http.started, http.sent_bytes
            )

    def drain(self) -> None:
        """From now on new requests are refused (503)."""
        self.draining = True

    async def idle(self) -> None:
        """Returns when no request is under way."""
        while self.live:
            self._idle.clear()
            await self._idle.wait()

    async def _serve(self, http: Http, match: Match | None) -> None:
        http.common = self.cors.headers(http)
        if self.cors.answers(http):
            await self.cors.preflight(http)
            return
        if match is not None and match.face.id_header:
            http.common = [*http.common, (match.face.id_header.encode(), http.request_id.encode())]
        if match is None:
            await self._elsewhere(http)
            return
        self._refuse_late()
        endpoint = match.endpoint
        is_open = endpoint is not None and endpoint.is_open
        principal = NOBODY if is_open else self._access.admit(Peer(http.headers, http.query, http.address))
        if not is_open:
            check_face(principal, match.face.name)
        if endpoint is None:
            message = f"{http.method} is not possible here: use {', '.join(match.allowed)}."
            raise GatewayError(Kind.METHOD_NOT_ALLOWED, message)
        comes_in_pieces = type(endpoint.service) is UploadFile and endpoint.service.unused is not None
        body = await http.body() if http.method in ("POST", "PUT", "PATCH") and not comes_in_pieces else b""
        incoming = Incoming(body, match.parameters, http.query, http.headers)
        own = http.headers
        visit = self._desk.visit(principal, match.face.name, http.request_id, own.get("x-request-id", ""))
        http.visit, http.limit_words = visit, match.face.limit_headers  # before it enters: a refusal tells what is left
        if type(endpoint.service) is not ShowUsage:
            await visit.enter()
        context = Context(
            principal,
            http.request_id,
            visit,
            own.get("x-session-id", ""),
            own.get("x-client-id", ""),
            own.get("cache-control", ""),
        )
        http.watch()
        await self._endpoints.serve(endpoint.service, http, incoming, context)

    async def _elsewhere(self, http: Http) -> None:
        """A path that is no face's: a system route, or one of another application."""
        if await self._system.serve(http, draining=self.draining):
            return
        for prefix, app in self.mounted.items():
            if http.path == prefix or http.path.startswith(f"{prefix}/"):
                self._refuse_late()
                await http.hand_over(app)
                return
        raise no_route(http)

    def _refuse_late(self) -> None:
        if self.draining:
            raise GatewayError(Kind.UNAVAILABLE, "The gateway is shutting down: try again.", retry_after=1)

    async def _refuse(self, http: Http, face: Face, problem: Problem) -> None:
        if problem.detail or problem.status >= 500:
            log.warning("request %s: %s (%s)", http.request_id, problem.message, problem.detail)
        if http.visit is not None:
            http.visit.refuse(problem)
        if http.status:
            return  # the head is out: the connection ends without a proper end, and that is the message
        headers: list[Header] = [(b"content-type", b"application/json")]
        headers += ((name.encode(), value.encode()) for name, value in face.error_headers(problem))
        if problem.retry_after is not None:
            headers.append((b"retry-after", str(max(1, round(problem.retry_after))).encode()))
        if problem.kind in (Kind.UNAVAILABLE, Kind.TOO_LARGE):
            headers.append((b"connection", b"close"))
        await http.whole(problem.status, face.encode_error(problem, http.request_id), headers)
