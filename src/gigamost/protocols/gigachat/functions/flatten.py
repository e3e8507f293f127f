"""`allOf`, `anyOf` and `oneOf` of one node folded into one plain node, with the least loss.

allOf          merged: properties and required of all, the narrower type, the last word on the rest
one variant    merged into the node; null variants only make it nullable
all objects    the properties of all, required where all require; which go together is noted
all options    the options of all
else           the first variant; the others are noted
"""

from collections.abc import Iterable

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import is_null, is_nullable, options_of, types_of, variants_of
from gigamost.protocols.gigachat.functions.notes import brief, listed

_COMBINED = frozenset({"allOf", "anyOf", "oneOf"})
_HINTS = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties", "propertyNames")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("string", ("pattern", "minLength", "maxLength", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


class Node(msgspec.Struct, frozen=True):
    """`schema` has no combining keyword at its top; its subschemas are still as the client wrote them."""

    schema: JsonObject
    nullable: bool = False
    notes: tuple[str, ...] = ()


def flatten(schema: object) -> Node | None:
    """None when no value but null fits: there is nothing that a model could be asked for."""
    if schema is False or is_null(schema):
        return None
    if not isinstance(schema, dict):
        return Node({})
    merged: JsonObject = {}
    notes: tuple[str, ...] = ()
    nullable = is_nullable(schema)
    parts = schema.get("allOf")
    for part in parts if isinstance(parts, list) else ():
        if (node := flatten(part)) is None:
            return None
        merged, notes = _both(merged, node.schema), (*notes, *node.notes)
    if variants := variants_of(schema):
        nodes = [node for variant in variants if (node := flatten(variant)) is not None]
        if not nodes:
            return None
        united = _either(nodes)
        merged, notes = _both(merged, united.schema), (*notes, *united.notes)
        nullable = nullable or united.nullable
    own = {key: value for key, value in schema.items() if key not in _COMBINED} if merged or variants else schema
    merged = _both(merged, own) if merged else own
    return Node(merged, nullable, notes)


def kind_of(schema: JsonObject) -> str | None:
    """The one type of a flat node, said or inferred; None when nothing points to one."""
    for name in types_of(schema):
        if name != "null":
            return name
    options = options_of(schema)
    if options is not None:
        kinds = {_KIND.get(type(option), "string") for option in options if option is not None}
        return kinds.pop() if len(kinds) == 1 else "string"
    for kind, keys in _HINTS:
        if any(key in schema for key in keys):
            return kind
    return _KIND.get(type(schema.get("default")))


_KIND = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def _both(left: JsonObject, right: JsonObject) -> JsonObject:
    """A node that has to fit both; where only one can speak, `right` does."""
    merged = {**left, **right}
    for key in left.keys() & right.keys():
        one, two = left[key], right[key]
        if isinstance(one, dict) and isinstance(two, dict) and key == "properties":
            merged[key] = {
                **one,
                **{name: _joint(one[name], part) if name in one else part for name, part in two.items()},
            }
        elif isinstance(one, dict) and isinstance(two, dict) and key == "items":
            merged[key] = _joint(one, two)
        elif isinstance(one, list) and isinstance(two, list) and key == "required":
            merged[key] = list(dict.fromkeys([*_required(left), *_required(right)]))
        elif isinstance(one, list) and isinstance(two, list) and key == "enum":
            allowed = {msgspec.json.encode(option) for option in two}
            merged[key] = [option for option in one if msgspec.json.encode(option) in allowed] or two
        elif key == "type":
            both = [name for name in types_of(left) if name in types_of(right)]
            merged[key] = both or two
        elif key in ("description", "properties", "items") and not isinstance(two, type(one)):
            merged[key] = one
    return merged


def _joint(one: object, two: object) -> object:
    if one == two or not isinstance(one, dict):
        return two
    parts = one["allOf"] if one.keys() == {"allOf"} and isinstance(one["allOf"], list) else [one]
    return {"allOf": [*parts, two]}


def _either(nodes: list[Node]) -> Node:
    nullable = any(node.nullable for node in nodes)
    if len(nodes) == 1:
        return msgspec.structs.replace(nodes[0], nullable=nullable)
    schemas = [node.schema for node in nodes]
    notes = tuple(note for node in nodes for note in node.notes)
    kinds = [kind_of(schema) for schema in schemas]
    options = [options_of(schema) for schema in schemas]
    if set(kinds) == {"object"}:
        return Node(_object_of(schemas), nullable, (*notes, *_together(schemas)))
    if len(set(kinds)) == 1 and all(options):
        values = [value for some in options for value in some or ()]
        return Node({"type": kinds[0], "enum": values}, nullable, (*notes, *_meanings(schemas)))
    if set(kinds) == {"string"} and (free := [schema for schema in schemas if options_of(schema) is None]):
        known = [value for some in options for value in some or ()]
        said = [f"e.g. {listed(known)}"] if known else []
        return Node(free[0], nullable, (*notes, *said, *_others(free)))
    return Node(schemas[0], nullable, (*nodes[0].notes, *_others(schemas)))


def _others(schemas: list[JsonObject]) -> Iterable[str]:
    words = list(dict.fromkeys(brief(schema) for schema in schemas))
    return (f"or {word}" for word in words[1:6])


def _object_of(schemas: list[JsonObject]) -> JsonObject:
    found: dict[str, dict[bytes, object]] = {}  # every different schema of a property, once
    for schema in schemas:
        properties = schema.get("properties")
        for name, part in properties.items() if isinstance(properties, dict) else ():
            found.setdefault(name, {})[msgspec.json.encode(part)] = part
    properties = {
        name: next(iter(parts.values())) if len(parts) == 1 else {"anyOf": list(parts.values())}
        for name, parts in found.items()
    }
    united: JsonObject = {"type": "object", "properties": properties} if properties else {"type": "object"}
    required = [_required(schema) for schema in schemas]
    shared = set(required[0]).intersection(*required[1:])
    common = [name for name in required[0] if name in shared]
    if common:
        united["required"] = common
    maps = [
        schema["additionalProperties"] for schema in schemas if isinstance(schema.get("additionalProperties"), dict)
    ]
    if maps:
        united["additionalProperties"] = maps[0]
    return united


def _together(schemas: list[JsonObject]) -> list[str]:
    """Which properties make up each variant, by what it requires, or else by what it has."""
    words: list[str] = []
    for schema in schemas:
        properties = schema.get("properties")
        names = _required(schema) or (list(properties) if isinstance(properties, dict) else [])
        title = schema.get("title")
        words.append(f"{title} " * isinstance(title, str) + "{" + ", ".join(names) + "}")
    several = list(dict.fromkeys(words))
    return [f"either {' or '.join(several[:12])}"[:600]] if len(several) > 1 else []


def _meanings(schemas: list[JsonObject]) -> list[str]:
    """`"a": does this` for options that come with their own words."""
    return [
        f"{listed(options)}: {words}"[:200]
        for schema in schemas[:40]
        if (options := options_of(schema)) and isinstance(words := schema.get("description"), str)
    ]


def _required(schema: JsonObject) -> list[str]:
    names = schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
