"""Any JSON Schema in the subset that GigaChat's strictest validator takes (gigachat-api.md 4.4.1, 4.7).

Out come `type` (one), `description`, `enum` (strings), `format` (dates and times), `items`, `properties` and `required`
only. What else matters to a model is put into words at the end of the description; `core.schema.coerce` brings the
answer back to the client's own schema. The output is the same bytes for the same schema: the prompt cache lives on it.
"""

import json
from functools import lru_cache
from typing import Final

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.request import JsonObject
from gigamost.core.schema import inline_refs
from gigamost.core.schema.keywords import options_of, types_of
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.flatten import Node, flatten, kind_of
from gigamost.protocols.gigachat.functions.notes import KEPT_FORMATS, constraints, listed, noted

_CACHED: Final = 64 * 1024  # bytes of JSON; a bigger schema is reduced every time
# What was recorded as accepted inside `response_format.schema`, beyond the subset of functions.
_IN_RESPONSE: Final = ("title", "minimum", "maximum", "additionalProperties")


def reduce_parameters(schema: JsonObject | None, *, strict_objects: bool) -> JsonObject:
    """The `parameters` of a function: always an object with `properties`.

    `strict_objects`: the model refuses any object without `properties`, nested ones too; without it an open object
    stays open. The answer may be shared between requests: do not change it. Raises GatewayError (400) for a schema
    that is nested too deeply to be read.
    """
    return _reduced(schema, strict_objects, ()) if schema else {"type": "object", "properties": {}}


def reduce_response_schema(schema: JsonObject) -> JsonObject:
    """The `schema` of a `response_format`, under the same rules, with the keywords that are known to work there.

    Raises GatewayError (400) when the top of the schema is not an object: the answer is one.
    """
    return _reduced(schema, True, _IN_RESPONSE)


def _reduced(schema: JsonObject, strict_objects: bool, kept: tuple[str, ...]) -> JsonObject:
    try:
        encoded = _encoded(schema)
    except RecursionError:
        raise invalid("The JSON schema is nested too deeply.") from None
    reduce = _by_bytes if len(encoded) <= _CACHED else _by_bytes.__wrapped__
    return reduce(encoded, strict_objects, kept)


def _encoded(schema: JsonObject) -> bytes:
    try:
        return msgspec.json.encode(schema)
    except UnicodeEncodeError:
        return clean_text(json.dumps(schema, ensure_ascii=False)).encode()


@lru_cache(maxsize=1024)
def _by_bytes(encoded: bytes, strict_objects: bool, kept: tuple[str, ...]) -> JsonObject:
    node = flatten(inline_refs(msgspec.json.decode(encoded, type=JsonObject)))
    if node is not None and kind_of(node.schema) == "object":
        reduced = _Reduction(strict_objects, kept).node(node)
        reduced.setdefault("properties", {})
        return reduced
    if kept and (node is None or kind_of(node.schema) is not None):
        raise invalid(
            "The top level of a response schema must be an object: put the value into a property, "
            'for example {"type": "object", "properties": {"value": ...}, "required": ["value"]}.'
        )
    return {"type": "object", "properties": {}}


class _Reduction:
    def __init__(self, strict_objects: bool, kept: tuple[str, ...]) -> None:
        self._strict_objects = strict_objects
        self._kept = kept

    def node(self, node: Node) -> JsonObject:
        schema = node.schema
        kind = kind_of(schema) or "string"
        reduced: JsonObject = {"type": kind}
        options = _strings(schema) if kind == "string" else []
        words = noted(schema.get("description"), [*node.notes, *self._lost(schema, kind, bool(options))])
        if words:
            reduced["description"] = words
        if options:
            reduced["enum"] = options
        if kind == "string" and schema.get("format") in KEPT_FORMATS:
            reduced["format"] = schema["format"]
        if kind == "array":
            reduced["items"] = self._items(schema)
        if kind == "object":
            reduced |= self._object(schema)
        for key in self._kept:
            if _is_plain(key, schema.get(key)):
                reduced[key] = schema[key]
        return reduced

    def _lost(self, schema: JsonObject, kind: str, has_enum: bool) -> list[str]:
        lost = []
        options = [option for option in options_of(schema) or () if option is not None]
        if options and not has_enum:
            lost.append(f"one of: {listed(options)}")
        lost += [f"or {name}" for name in types_of(schema) if name not in (kind, "null")]
        first = _first_items(schema)
        if len(first) > 1 and kind == "array":
            names = [kind_of(node.schema) or "any" for part in first if (node := flatten(part)) is not None]
            lost.append(f"in order: {', '.join(names[:20])}")
        return [*lost, *constraints(schema, self._kept)]

    def _items(self, schema: JsonObject) -> JsonObject:
        first = _first_items(schema)
        node = flatten({"anyOf": first} if first else schema.get("items"))
        return self.node(node) if node is not None else {"type": "string"}

    def _object(self, schema: JsonObject) -> JsonObject:
        given = schema.get("properties")
        nodes = {
            name: node for name, part in (given.items() if isinstance(given, dict) else ()) if (node := flatten(part))
        }
        if not nodes and not self._strict_objects:
            return {}
        reduced: JsonObject = {"properties": {name: self.node(node) for name, node in nodes.items()}}
        # Null cannot be asked for, so a property that may be null may be left out.
        asked = schema.get("required")
        required = dict.fromkeys(
            name
            for name in (asked if isinstance(asked, list) else ())
            if isinstance(name, str) and name in nodes and not nodes[name].nullable
        )
        if required:
            reduced["required"] = list(required)
        return reduced


def _strings(schema: JsonObject) -> list[str]:
    """The options when all are strings (or null), each once; [] when they have to be put into words."""
    options = [option for option in options_of(schema) or () if option is not None]
    if not all(isinstance(option, str) for option in options):
        return []
    return list(dict.fromkeys(options))


def _first_items(schema: JsonObject) -> list[object]:
    items = schema.get("items")
    first = items if isinstance(items, list) else schema.get("prefixItems")
    return first if isinstance(first, list) else []


def _is_plain(key: str, value: object) -> bool:
    if key == "title":
        return isinstance(value, str)
    if key == "additionalProperties":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)
