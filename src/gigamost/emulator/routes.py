"""Which path is answered by what. A path is its API's prefix and one of that API's routes."""

from collections.abc import Callable

import msgspec

from gigamost.emulator import (
    assistant_endpoints,
    batches,
    chat_v1,
    chat_v2,
    file_endpoints,
    functions,
    plain,
    thread_endpoints,
)
from gigamost.emulator.http import Answer
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.state import Call, State

OAUTH = "/api/v2/oauth"
TOKEN = "/token"  # noqa: S105  a path

Endpoint = Callable[[State, Call], Answer]


class Route(msgspec.Struct, frozen=True):
    """`pattern` may have one `{}`, which gives `Call.named`. `gated`: takes one of the client's streams. `json`: the
    body of a POST is JSON, whatever its label: the official client sends chats without one in places."""

    method: str
    pattern: str
    endpoint: Endpoint
    gated: bool = False
    json: bool = True


V1: tuple[Route, ...] = (
    Route("POST", "/chat/completions", chat_v1.complete, gated=True),
    Route("GET", "/models", plain.list_models),
    Route("GET", "/models/{}", plain.one_model),
    Route("POST", "/embeddings", plain.embeddings, gated=True),
    Route("POST", "/tokens/count", plain.count_tokens),
    Route("POST", "/files", file_endpoints.upload, json=False),
    Route("GET", "/files", file_endpoints.list_files),
    Route("GET", "/files/{}", file_endpoints.one_file),
    Route("GET", "/files/{}/content", file_endpoints.content),
    Route("POST", "/files/{}/delete", file_endpoints.delete, json=False),
    Route("GET", "/balance", plain.balance),
    Route("POST", "/functions/validate", functions.validate),
    Route("POST", "/functions/convert", functions.convert, json=False),
    Route("POST", "/filter/check", plain.check_filter, gated=True),
    Route("POST", "/ai/check", plain.check_ai, gated=True),
    Route("GET", "/assistants", assistant_endpoints.list_assistants),
    Route("POST", "/assistants", assistant_endpoints.create),
    Route("POST", "/assistants/modify", assistant_endpoints.modify),
    Route("POST", "/assistants/delete", assistant_endpoints.delete),
    Route("POST", "/assistants/files/delete", assistant_endpoints.delete_file),
    Route("GET", "/threads", thread_endpoints.list_threads),
    Route("POST", "/threads", thread_endpoints.create),
    Route("POST", "/threads/retrieve", thread_endpoints.retrieve),
    Route("POST", "/threads/delete", thread_endpoints.delete),
    Route("GET", "/threads/messages", thread_endpoints.list_messages),
    Route("POST", "/threads/messages", thread_endpoints.add_messages),
    Route("POST", "/threads/run", thread_endpoints.run, gated=True),
    Route("GET", "/threads/run", thread_endpoints.tell_run),
    Route("POST", "/threads/messages/run", thread_endpoints.run_messages, gated=True),
    Route("POST", "/threads/messages/rerun", thread_endpoints.rerun_messages, gated=True),
    Route("POST", "/batches", batches.create, json=False),
    Route("GET", "/batches", batches.tell),
)
# v2 has chat/completions alone; everything else lives under v1 only.
V2: tuple[Route, ...] = (Route("POST", "/chat/completions", chat_v2.complete, gated=True),)

PREFIXES: dict[str, tuple[Route, ...]] = {"/api/v1": V1, "/v1": V1, "/api/v2": V2, "/v2": V2}


def strip_prefix(path: str) -> tuple[str, tuple[Route, ...]]:
    """The path within its API, and that API's routes. Raises RefusalError (404)."""
    for prefix, routes in PREFIXES.items():
        if path.startswith(prefix + "/"):
            return path.removeprefix(prefix), routes
    raise RefusalError(404, "Not Found")


def find(method: str, path: str) -> tuple[Route, str]:
    """The route of a request and what its path names. Raises RefusalError (404, 405)."""
    rest, routes = strip_prefix(path)
    allowed: list[str] = []
    for route in routes:
        named = _match(route.pattern, rest)
        if named is not None:
            if route.method == method:
                return route, named
            allowed.append(route.method)
    if allowed:
        raise RefusalError(405, "Method Not Allowed", (("allow", ", ".join(allowed)),))
    raise RefusalError(404, "Not Found")


def _match(pattern: str, path: str) -> str | None:
    before, hole, after = pattern.partition("{}")
    if not hole:
        return "" if path == pattern else None
    named = path[len(before) : len(path) - len(after)]
    fits = path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after)
    return named if fits and "/" not in named else None
