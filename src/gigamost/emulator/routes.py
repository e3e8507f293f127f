"""Which path is answered by what. A path is its API's prefix and one of that API's routes."""

from collections.abc import Callable

import msgspec

from gigamost.emulator import batches, chat, file_endpoints, plain
from gigamost.emulator.http import Answer
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.state import Call, State

OAUTH = "/api/v2/oauth"
TOKEN = "/token"  # noqa: S105  a path

Endpoint = Callable[[State, Call], Answer]


class Route(msgspec.Struct, frozen=True):
    """`pattern` may have one `{}`, which gives `Call.named`. `gated`: takes one of the client's streams."""

    method: str
    pattern: str
    endpoint: Endpoint
    gated: bool = False


V1: tuple[Route, ...] = (
    Route("POST", "/chat/completions", chat.complete, gated=True),
    Route("GET", "/models", plain.list_models),
    Route("GET", "/models/{}", plain.one_model),
    Route("POST", "/embeddings", plain.embeddings, gated=True),
    Route("POST", "/tokens/count", plain.count_tokens),
    Route("POST", "/files", file_endpoints.upload),
    Route("GET", "/files", file_endpoints.list_files),
    Route("GET", "/files/{}", file_endpoints.one_file),
    Route("GET", "/files/{}/content", file_endpoints.content),
    Route("POST", "/files/{}/delete", file_endpoints.delete),
    Route("GET", "/balance", plain.balance),
    Route("POST", "/functions/validate", plain.validate_function),
    Route("POST", "/filter/check", plain.check_filter, gated=True),
    Route("POST", "/ai/check", plain.check_ai, gated=True),
    Route("POST", "/batches", batches.create),
    Route("GET", "/batches", batches.tell),
)
# v2 has chat/completions alone; everything else lives under v1 only.
V2: tuple[Route, ...] = ()

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
