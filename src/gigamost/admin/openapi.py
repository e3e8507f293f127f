"""The API described: OpenAPI 3.1 from the table of routes and the types that it names."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gigamost import __version__
from gigamost.admin import wire
from gigamost.admin.application import PREFIX
from gigamost.admin.exchange import Route

Json = dict[str, Any]  # OpenAPI's own shapes
_REF: Final = "#/components/schemas/{name}"
_QUERIES: Final[dict[str, Json]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    "cursor": {"type": "string", "description": "`next_cursor` of the page before."},
}


def describe(routes: Sequence[Route]) -> Json:
    types: list[object] = [wire.Failed]
    for route in routes:
        types += [route.answer, *([route.body] if route.body is not None else [])]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, Json] = {}
    for route in routes:
        operation = _operation(route, by_type)
        if route.method == "PATCH" and route.body is not None:  # a part of it is enough
            whole = {**components[route.body.__name__]}
            whole.pop("required", None)
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": whole}}}
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gigamost administration", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "GIGAMOST_MASTER_KEY, or a login's token"}
            },
        },
        "security": [{"bearer": []}],
    }


def _operation(route: Route, schemas: dict[int, Json]) -> Json:
    failed = {"description": "What was wrong.", "content": _json(schemas, wire.Failed)}
    said: Json = {
        "summary": route.summary,
        "operationId": "-".join([route.method.lower(), *re.findall(r"\w+", route.path)]),
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": route.summary, "content": _json(schemas, route.answer)},
            "default": failed,
        },
    }
    if route.is_open:
        said["security"] = []
    else:
        elsewhere = "" if route.within is not None else " Not for those who are confined to a tenant."
        said["description"] = f"Needs the role {route.needs}.{elsewhere}"
    if route.body is not None:
        required = any(field.required for field in msgspec.structs.fields(route.body))
        said["requestBody"] = {"required": required, "content": _json(schemas, route.body)}
    return said


def _parameters(route: Route) -> list[Json]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    return in_path + [
        {"name": name, "in": "query", "schema": _QUERIES.get(name, {"type": "string"})} for name in route.query
    ]


def _json(schemas: dict[int, Json], shape: object) -> Json:
    return {"application/json": {"schema": schemas[id(shape)]}}
