"""`/openapi.json` and `/docs` in dev mode: the description, and one page that shows it without help from elsewhere."""

import html
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from gigamost.admin.exchange import Route
from gigamost.admin.openapi import Json, describe

Message = MutableMapping[str, Any]  # ASGI's own shape
PATHS: Final = ("/openapi.json", "/docs")

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code,pre{font:13px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;background:#8881;border-radius:6px}"
    "summary{cursor:pointer;padding:.25rem 0}b{display:inline-block;min-width:4.5rem}"
)


class Docs:
    """An ASGI application for `PATHS`."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    async def __call__(self, scope: Message, receive: object, send: Callable[[Message], Awaitable[None]]) -> None:
        said = describe(self._routes)
        if scope["path"] == "/docs":
            kind, body = b"text/html; charset=utf-8", _page(said).encode()
        else:
            kind, body = b"application/json", msgspec.json.encode(said)
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _page(said: Json) -> str:
    calls = "".join(
        _call(method.upper(), path, operation)
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    )
    shapes = "".join(
        f"<details><summary><code>{html.escape(name)}</code></summary>{_code(schema)}</details>"
        for name, schema in said["components"]["schemas"].items()
    )
    title = html.escape(said["info"]["title"])
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>Send the master key, or the token of a login, as "
        f"<code>Authorization: Bearer</code>. "
        f"<a href='/openapi.json'>OpenAPI</a></p><h2>Calls</h2>{calls}<h2>Shapes</h2>{shapes}</html>"
    )


def _call(method: str, path: str, operation: Json) -> str:
    parts = {name: operation[name] for name in ("parameters", "requestBody", "responses") if operation.get(name)}
    return (
        f"<details><summary><b>{method}</b> <code>{html.escape(path)}</code> {html.escape(operation['summary'])}"
        f"</summary>{_code(parts)}</details>"
    )


def _code(value: Json) -> str:
    return f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(value)).decode())}</pre>"
