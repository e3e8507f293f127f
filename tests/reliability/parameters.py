"""Every string that a client or an administrator can write into a request, found in the tables of routes and types."""

import copy
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from gigamost import protocols
from gigamost.admin.application import PREFIX
from tests.hazards.asking import WEATHER
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import Ask, Call, Result, Turn

# Query parameters that faces read: a face has no list of its own.
QUERY = ("after", "before", "cursor", "include", "key", "limit", "order", "pageSize", "pageToken", "purpose")
HEADERS = ("x-request-id", "x-session-id", "x-client-id", "user-agent", "anthropic-version", "x-forwarded-for")
SAMPLE = "x"


class Spot(NamedTuple):
    """Where a string goes: `kind` is path, query, header or body; `name` is the parameter, or the way to a leaf."""

    method: str
    path: str
    kind: str
    name: str
    body: Any = None
    is_admin: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.kind}:{self.name}"


def client_spots(*, all_paths: bool) -> Iterator[Spot]:
    """Most endpoints have several paths: without `all_paths` one of them stands for all."""
    known = set()
    for face in protocols.ALL:
        for endpoint in face.endpoints:
            if not all_paths and (endpoint.method, id(endpoint.service)) in known:
                continue
            known.add((endpoint.method, id(endpoint.service)))
            for name in re.findall(r"\{(\w+)", endpoint.path):
                yield Spot(endpoint.method, endpoint.path, "path", name)
            if endpoint.method in ("GET", "DELETE"):
                yield from (Spot(endpoint.method, endpoint.path, "query", name) for name in QUERY)
    for dialect in ALL:
        path, body = dialect.path(CONVERSATION), dialect.body(CONVERSATION)
        yield from (Spot("POST", path, "body", way, body) for way, _ in leaves(body))
        yield from (Spot("POST", path, "header", name, body) for name in HEADERS)


def admin_spots(routes: Any) -> Iterator[Spot]:
    for route in routes:
        path = PREFIX + route.path
        for name in re.findall(r"\{(\w+)", route.path):
            yield Spot(route.method, path, "path", name, is_admin=True)
        for name in route.query:
            yield Spot(route.method, path, "query", name, is_admin=True)
        if route.body is not None:
            body = example(route.body)
            yield from (Spot(route.method, path, "body", way, body, is_admin=True) for way, _ in leaves(body))


_CALL = Call("call1", "get_weather", {"city": "Omsk"})
CONVERSATION = Ask(
    (
        Turn("user", "hi"),
        Turn("assistant", "Looking.", (_CALL,)),
        Turn("tool", results=(Result("call1", "get_weather", '{"t": 1}'),)),
        Turn("user", "again"),
    ),
    system="Be brief.",
    tools=(WEATHER,),
)


def example(shape: Any) -> Any:
    """A JSON value with every field of a type, as its schema describes it."""
    (schema,), components = msgspec.json.schema_components([shape])
    return _example(schema, components)


def _example(schema: Any, components: Any, depth: int = 0) -> Any:
    if "$ref" in schema:
        return _example(components[schema["$ref"].rpartition("/")[2]], components, depth + 1)
    if "anyOf" in schema:
        told = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return _example(told[0], components, depth + 1) if told else None
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if depth < 8:
            return {name: _example(each, components, depth + 1) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema["items"], components, depth + 1)] if schema.get("items") else [SAMPLE]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            return SAMPLE
        case _:
            return {}


def leaves(value: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """(the way to it, the string) of every string in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        here = f"{way}/{name}"
        if isinstance(inner, str):
            yield here, inner
        else:
            yield from leaves(inner, here)


def replaced(body: Any, way: str, text: str) -> Any:
    changed = copy.deepcopy(body)
    at, *_ = [changed]
    *steps, last = way.strip("/").split("/")
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = text
    return changed
