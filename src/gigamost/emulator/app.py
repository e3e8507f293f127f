"""The emulator as an ASGI application: the door (User-Agent, token, concurrency), the routes, the log.

request -> log -> OAuth | door -> directives -> endpoint -> faults -> delivery -> log
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

from gigamost.emulator import faults, routes
from gigamost.emulator.delivery import BodyTooLargeError, Receive, Scope, Send, deliver, read
from gigamost.emulator.gate import Gate
from gigamost.emulator.http import Answer, HttpRequest, error_answer, json_answer
from gigamost.emulator.log import Log
from gigamost.emulator.personalities import Directives, Script, in_messages
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.settings import EmulatorSettings
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator import parse

_logger = logging.getLogger("gigamost.emulator")
_HEADERS = [
    ("server", "SynGX"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", "Authorization, Content-Type, X-Client-ID, X-Request-ID, X-Session-ID"),
    ("access-control-allow-methods", "GET, POST, OPTIONS"),
    ("access-control-allow-origin", "https://developers.sber.ru"),
]


class Emulator:
    """`log` says what was seen, `script.next(...)` how to misbehave next, `state` what is kept."""

    def __init__(self, settings: EmulatorSettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.state = State(settings, clock)
        self.gate = Gate()
        self.script = Script()
        self.log = Log(settings.log_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._exchange(scope, receive, send)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request(scope)
        serial = self.log.open(request.method, request.path, request.query, request.headers, time.monotonic())
        with ExitStack() as held:
            try:
                body = await read(receive, self._limit(request.path))
                answer = self._answer(msgspec.structs.replace(request, body=body), serial, held)
            except BodyTooLargeError:
                answer = error_answer(413, "Payload too large")
                self.log.change(serial, error="Payload too large")
            except RefusalError as refusal:
                answer = error_answer(refusal.status, refusal.message, refusal.headers)
                self.log.change(serial, error=refusal.message)
            except ConnectionResetError:
                self.log.change(serial, finished=time.monotonic(), ending="disconnected")
                return
            except Exception:
                _logger.exception("%s %s failed", request.method, request.path)
                answer = error_answer(500, "Internal Server Error")
            self.log.change(serial, status=answer.status)
            ending = await deliver(answer, _extra(request, answer), scope, receive, send, held.close)
        self.log.change(serial, finished=time.monotonic(), ending=ending)

    def _limit(self, path: str) -> int:
        return 45 * 1024 * 1024 if path.endswith("/files") else self.settings.body_limit

    def _answer(self, request: HttpRequest, serial: int, held: ExitStack) -> Answer:
        """Raises RefusalError. A slot of the gate is given back by `held`."""
        header = Directives.parse(request.headers.get("x-emulator", ""))
        if request.path == routes.OAUTH:
            answer = self.state.tokens.oauth(request)
            return faults.spoil(answer, header | self.script.take(request.path))
        if self.settings.require_user_agent and not request.headers.get("user-agent"):
            return json_answer({"message": "Unauthorized"}, 403)
        if (request.method, routes.strip_prefix(request.path)[0]) == ("POST", routes.TOKEN):
            return faults.spoil(self.state.tokens.token(request), header | self.script.take(request.path))
        account = self.state.tokens.authenticate(request.headers.get("authorization", ""))
        self.log.change(serial, client_id=account.client_id)
        route, named = routes.find(request.method, request.path)
        if route.gated:
            held.callback(self.gate.enter(account.client_id, account.limit).release)
        raw = parse(request.body) if request.method == "POST" and route.json else None
        self.log.change(serial, body=raw)
        asked = in_messages(raw) if route.pattern == "/chat/completions" else Directives()
        directives = asked | header | self.script.take(request.path)
        answer = route.endpoint(self.state, Call(request, account, raw, directives, named))
        return faults.spoil(answer, directives)


def build(settings: EmulatorSettings | None = None, clock: Callable[[], float] = time.time) -> Emulator:
    """A new emulator that knows nothing yet. `clock` gives unix seconds: what tokens expire by."""
    return Emulator(settings or EmulatorSettings(), clock)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _request(scope: Scope) -> HttpRequest:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers[name.decode("latin-1").lower()] = value.decode("latin-1")
    query: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return HttpRequest(scope["method"], scope["path"], query, headers)


def _extra(request: HttpRequest, answer: Answer) -> list[tuple[str, str]]:
    """What every answer of the API carries (section 1.2); OAuth's do not echo ids."""
    if request.path == routes.OAUTH:
        return _HEADERS[:1]
    ids = [
        ("x-request-id", request.headers.get("x-request-id") or str(uuid4())),
        ("x-session-id", request.headers.get("x-session-id") or str(uuid4())),
    ]
    named = {name for name, _ in answer.headers}
    return [*_HEADERS, *ids, *([] if "allow" in named else [("allow", "GET, POST")])]
