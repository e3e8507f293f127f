"""Sloppy and foreign schemas as a validator wants them."""

from typing import Final

from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import map_subschemas, types_of

# Named resources and dynamic references: what a reference means must depend on its pointer alone, or its cost could
# not be bounded beforehand.
_IDENTITY: Final = frozenset(
    {"$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$vocabulary", "id"}
)
_COUNTS: Final = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})
_DRAFTS: Final = frozenset(
    {
        "json-schema.org/draft-04/schema",
        "json-schema.org/draft-06/schema",
        "json-schema.org/draft-07/schema",
        "json-schema.org/draft/2019-09/schema",
        "json-schema.org/draft/2020-12/schema",
    }
)


def standard(schema: JsonObject) -> JsonObject:
    """The schema in plain JSON Schema words.

    Google's types become lower-case, `nullable` a type or an option, counts in strings (int64 in protobuf's JSON)
    numbers; an unknown `$schema` and named resources (`$id`, anchors) go, so that only local pointers are references.
    May raise RecursionError.
    """
    plain: JsonObject = {}
    for key, value in map_subschemas(schema, _any).items():
        if key in _IDENTITY and isinstance(value, str | bool | dict):
            continue
        if key in _COUNTS and isinstance(value, str) and value.isdecimal() and len(value) < 16:
            plain[key] = int(value)
        elif key == "$schema":
            if isinstance(value, str) and value.split("://")[-1].rstrip("#") in _DRAFTS:
                plain[key] = value
        elif key != "nullable":
            plain[key] = value
    types = types_of(schema)
    if types:
        plain["type"] = types[0] if len(types) == 1 else list(dict.fromkeys(types))
    if schema.get("nullable") is True and isinstance(options := plain.get("enum"), list) and None not in options:
        plain["enum"] = [*options, None]
    return plain


def _any(schema: object) -> object:
    return standard(schema) if isinstance(schema, dict) else schema
