"""How much a validator would have to do, before it does it.

A validator visits (schema, value) pairs. With recursive references and unions the same pair comes up along many paths,
2 to the power of the depth of the value and worse: a client could stop a whole process with one small schema. Counting
the visits is cheap, because a pair costs the same along every path.
"""

from collections.abc import Iterator
from typing import Final

from gigamost.core.request import JsonObject
from gigamost.core.schema.refs import resolve

_PATTERN: Final = 50  # visits that one regular expression is worth
_DEEP: Final = 250  # schema and value levels together

_HERE_ONE: Final = ("not", "if", "then", "else")
_HERE_LISTED: Final = ("allOf", "anyOf", "oneOf")
_HERE_NAMED: Final = ("dependentSchemas", "dependencies")
_VALUES: Final = ("additionalProperties", "unevaluatedProperties")
_ITEMS: Final = ("items", "additionalItems", "unevaluatedItems", "contains")


class TooMuchError(Exception):
    """The work is over the limit."""


def work(schema: JsonObject, value: object, limit: int) -> int:
    """An upper bound of the visits, at most `limit`. Raises TooMuchError above it and for references in a circle."""
    return _Count(schema, limit).of(schema, value, 0)


class _Count:
    def __init__(self, root: JsonObject, limit: int) -> None:
        self._root = root
        self._limit = limit
        self._known: dict[tuple[int, int], int] = {}

    def of(self, schema: object, value: object, depth: int) -> int:
        if not isinstance(schema, dict):
            return 1
        pair = (id(schema), id(value))
        known = self._known.get(pair)
        if known is not None:
            if known < 0:
                raise TooMuchError
            return known
        self._known[pair] = -1
        if depth > _DEEP or len(self._known) > self._limit:
            raise TooMuchError
        visits = 1 + (_PATTERN if "pattern" in schema else 0)
        for child, part in self._next(schema, value):
            visits += self.of(child, part, depth + 1)
            if visits > self._limit:
                raise TooMuchError
        if "unevaluatedProperties" in schema or "unevaluatedItems" in schema:
            visits *= 2  # these run their neighbours once more
        self._known[pair] = visits
        return visits

    def _next(self, schema: JsonObject, value: object) -> Iterator[tuple[object, object]]:
        ref = schema.get("$ref")
        if isinstance(ref, str):
            target = resolve(self._root, ref)
            if target is None:  # the validator may see more in it than we do
                raise TooMuchError
            yield target, value
        for key in _HERE_ONE:
            if key in schema:
                yield schema[key], value
        for key in _HERE_LISTED:
            for child in _list(schema.get(key)):
                yield child, value
        for key in _HERE_NAMED:
            for child in _dict(schema.get(key)).values():
                yield child, value
        if isinstance(value, dict):
            yield from _of_object(schema, value)
        elif isinstance(value, list):
            yield from _of_array(schema, value)


def _of_object(schema: JsonObject, value: dict[str, object]) -> Iterator[tuple[object, object]]:
    properties = _dict(schema.get("properties"))
    patterns = _dict(schema.get("patternProperties"))
    for name, part in value.items():
        if name in properties:
            yield properties[name], part
        for child in patterns.values():
            yield {"pattern": ""}, name
            yield child, part
        for key in _VALUES:
            if key in schema:
                yield schema[key], part
        if "propertyNames" in schema:
            yield schema["propertyNames"], name


def _of_array(schema: JsonObject, value: list[object]) -> Iterator[tuple[object, object]]:
    tuples = (*_list(schema.get("prefixItems")), *_list(schema.get("items")))
    yield from zip(tuples, value, strict=False)
    for key in _ITEMS:
        if isinstance(child := schema.get(key), dict):
            for part in value:
                yield child, part


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
