"""Where schemas stand inside a schema, and what types one names.

Covers JSON Schema from draft 4 to 2020-12 (https://json-schema.org/draft/2020-12) and the OpenAPI 3.0 dialect that
Google's clients speak: upper-case types and `nullable`.
"""

from collections.abc import Callable
from typing import Any, Final

from gigamost.core.request import JsonObject

MAX_DEPTH: Final = 40  # levels of schema or value below the top that are looked at; no model handles half of it

NAMED: Final = frozenset(  # {name: schema}
    {"properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"}
)
LISTED: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})  # [schema]; `items` may be a list as well
SINGLE: Final = frozenset(
    {
        "items",
        "additionalItems",
        "additionalProperties",
        "unevaluatedItems",
        "unevaluatedProperties",
        "propertyNames",
        "contains",
        "not",
        "if",
        "then",
        "else",
    }
)
_HOLDERS: Final = NAMED | LISTED | SINGLE
_TYPES: Final = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


def map_subschemas(schema: JsonObject, change: Callable[[object], object]) -> JsonObject:
    """A new schema with `change` applied to every direct subschema; data (`enum`, `default`, ...) stays as it is."""
    changed: JsonObject = {}
    for key, value in schema.items():
        if key not in _HOLDERS:
            changed[key] = value
        elif isinstance(value, list):
            changed[key] = value if key in NAMED else [change(item) for item in value]
        elif isinstance(value, dict) and key in NAMED:
            changed[key] = {name: change(item) for name, item in value.items()}
        else:
            changed[key] = value if key in LISTED else change(value)
    return changed


def types_of(schema: JsonObject) -> tuple[str, ...]:
    """The types that `type` and `nullable` allow, lower-case, in their order; () when nothing is said, or nonsense."""
    named = schema.get("type")
    if isinstance(named, str) and named in _TYPES and "nullable" not in schema:
        return (named,)  # the usual node, on the request path
    if isinstance(named, str):
        named = (named,)
    elif not isinstance(named, list):
        return ()
    types = tuple(name.lower() if isinstance(name, str) else "" for name in named)
    if not _TYPES.issuperset(types):
        return ()
    return (*types, "null") if schema.get("nullable") is True and types else types


def options_of(schema: JsonObject) -> list[Any] | None:
    """The values that `enum` or `const` allows; None when any value goes."""
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return options
    return [schema["const"]] if "const" in schema else None


def variants_of(schema: JsonObject) -> list[object]:
    """The alternatives of `anyOf`, else of `oneOf`."""
    for key in ("anyOf", "oneOf"):
        variants = schema.get(key)
        if isinstance(variants, list) and variants:
            return variants
    return []


def is_null(schema: object) -> bool:
    """Whether the schema allows null and nothing else."""
    if not isinstance(schema, dict):
        return False
    options = options_of(schema)
    return types_of(schema) == ("null",) or (options is not None and all(option is None for option in options))


def is_nullable(schema: object) -> bool:
    """Whether the schema says that null is one of its values (a schema that says nothing does not)."""
    if not isinstance(schema, dict):
        return False
    options = options_of(schema)
    if options is not None and schema.get("nullable") is not True:
        return None in options
    return "null" in types_of(schema) or any(is_null(variant) for variant in variants_of(schema))
