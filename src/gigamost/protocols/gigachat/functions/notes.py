"""What a reduced schema can no longer say, in a few words at the end of its description."""

from typing import Final

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import is_null, options_of, types_of

_LONG: Final = 600  # characters of one note
_NOISE: Final = 2**53 - 1  # generators write it for "any integer"
# Formats of numbers say nothing to a model; the first three stay in the schema.
KEPT_FORMATS: Final = frozenset({"date", "date-time", "time"})
_SILENT_FORMATS: Final = KEPT_FORMATS | {"int32", "int64", "uint32", "uint64", "float", "double"}
_BOUNDS: Final = (
    ("minimum", ">= "),
    ("exclusiveMinimum", "> "),
    ("maximum", "<= "),
    ("exclusiveMaximum", "< "),
    ("multipleOf", "multiple of "),
    ("minLength", "length >= "),
    ("maxLength", "length <= "),
    ("minItems", "items >= "),
    ("maxItems", "items <= "),
)


def noted(description: object, notes: list[str]) -> str:
    """The description with its notes, each once: `Days ahead (default: 5; >= 1)`."""
    said = description if isinstance(description, str) else ""
    return f"{said} ({'; '.join(dict.fromkeys(notes))})".lstrip() if notes else said


def constraints(schema: JsonObject, kept: tuple[str, ...]) -> list[str]:
    """What the keywords of one node say, without those in `kept` and without its options."""
    notes = []
    for key, words in _BOUNDS:
        bound = schema.get(key)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and abs(bound) < _NOISE and key not in kept:
            notes.append(f"{words}{_json(bound)}")
    pattern, form = schema.get("pattern"), schema.get("format")
    if isinstance(pattern, str) and pattern:
        notes.append(_cut(f"pattern: {pattern}"))
    if isinstance(form, str) and form and form not in _SILENT_FORMATS:
        notes.append(_cut(f"format: {form}"))
    if schema.get("uniqueItems") is True:
        notes.append("unique items")
    default, examples = schema.get("default"), schema.get("examples")
    if default not in (None, "", [], {}):
        notes.append(_cut(f"default: {_json(default)}"))
    if isinstance(examples, list) and examples:
        notes.append(_cut(f"e.g. {listed(examples[:3])}"))
    return [*notes, *_keys(schema)]


def listed(values: list[object]) -> str:
    return _cut(", ".join(_json(value) for value in values))


def brief(schema: object) -> str:
    """A schema in a few words: `integer`, `array of string`, `"a" | "b"`, `{kind, radius}`."""
    if not isinstance(schema, dict):
        return "any"
    options = options_of(schema)
    if options is not None:
        return _cut(" | ".join(_json(option) for option in options))
    named = next((name for name in types_of(schema) if name != "null"), "")
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties:
        return _cut("{" + ", ".join(properties) + "}")
    items = schema.get("items")
    if named in ("array", "") and isinstance(items, dict):
        return f"array of {brief(items)}" if "items" not in items else "array of array"
    rules = constraints(schema, ())
    return f"{named or 'any'} ({'; '.join(rules)})" if rules else named or "any"


def _keys(schema: JsonObject) -> list[str]:
    """What the keys and values of a map may be."""
    notes = []
    names, values, patterns = (
        schema.get(key) for key in ("propertyNames", "additionalProperties", "patternProperties")
    )
    if isinstance(names, dict) and (options := options_of(names)) is not None:
        notes.append(f"keys: {listed(options)}")
    elif isinstance(names, dict) and isinstance(names.get("pattern"), str):
        notes.append(_cut(f"keys: pattern {names['pattern']}"))
    if isinstance(values, dict) and values and not is_null(values):
        notes.append(f"values: {brief(values)}")
    if isinstance(patterns, dict):
        notes += [_cut(f"keys like {key}: {brief(value)}") for key, value in list(patterns.items())[:3]]
    return notes


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."
