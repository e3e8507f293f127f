"""`$ref`, resolved inside one schema and nowhere else."""

from typing import Any, Final
from urllib.parse import unquote

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import MAX_DEPTH, map_subschemas

# References may add this many bytes of JSON to a schema. What they would add on top stays open: a few nested
# references to references multiply without end ("billion laughs").
MAX_EXPANSION: Final = 256 * 1024

_LONG: Final = 1000  # characters of a reference
_DEFINITIONS: Final = frozenset({"$defs", "definitions"})
_ANNOTATIONS: Final = frozenset(
    {"$comment", "default", "deprecated", "description", "example", "examples", "readOnly", "title", "writeOnly"}
)


def resolve(root: JsonObject, ref: str) -> JsonObject | None:
    """What a local reference (`#`, `#/a/b` with ~0, ~1 and %XX) points to; None when it is remote or leads nowhere."""
    if ref == "#":
        return root
    if not ref.startswith("#/") or len(ref) > _LONG:
        return None
    found: object = root
    for token in unquote(ref[2:]).split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and len(key) < 9 and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    if isinstance(found, bool):
        return {} if found else {"not": {}}
    return found if isinstance(found, dict) else None


def inline_refs(schema: JsonObject) -> JsonObject:
    """The same schema without `$ref`, `$defs` and `definitions`.

    A reference met inside its own target becomes an open object (`{"type": "object", "properties": {}}`, description
    kept); so does one that cannot be resolved (its description says so), one beyond MAX_EXPANSION, and whatever lies
    deeper than MAX_DEPTH.
    """
    return _Inliner(schema).top()


class _Inliner:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._left = MAX_EXPANSION
        self._sizes: dict[int, int] = {}  # targets live in the root, so their id() stays theirs
        self._inside = {id(root)}

    def top(self) -> JsonObject:
        return self._schema(self._root, 0)

    def _any(self, schema: object, depth: int) -> object:
        return self._schema(schema, depth) if isinstance(schema, dict) else schema

    def _schema(self, schema: JsonObject, depth: int) -> JsonObject:
        if depth > MAX_DEPTH:
            return _open(schema)
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return self._children(schema, depth)
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        target = resolve(self._root, ref)
        if target is None:
            return _open(siblings, note=f"unresolved reference: {ref[:200]}")
        if id(target) in self._inside or not self._affords(target):
            return _open({**target, **siblings})
        self._inside.add(id(target))
        expanded = self._schema(target, depth + 1)
        self._inside.discard(id(target))
        return _joined(expanded, self._children(siblings, depth))

    def _children(self, schema: JsonObject, depth: int) -> JsonObject:
        if not _DEFINITIONS.isdisjoint(schema):
            schema = {key: value for key, value in schema.items() if key not in _DEFINITIONS}
        return map_subschemas(schema, lambda child: self._any(child, depth + 1))

    def _affords(self, target: JsonObject) -> bool:
        size = self._sizes.get(id(target))
        if size is None:
            try:
                size = len(msgspec.json.encode(target))
            except (RecursionError, UnicodeEncodeError):
                size = MAX_EXPANSION + 1
            self._sizes[id(target)] = size
        self._left -= size
        return self._left >= 0


def _open(schema: JsonObject, note: str = "") -> JsonObject:
    opened: JsonObject = {"type": "object", "properties": {}}
    said = schema.get("description")
    said = said if isinstance(said, str) else ""
    if said or note:
        opened["description"] = f"{said} ({note})".lstrip() if note else said
    return opened


def _joined(target: JsonObject, siblings: dict[str, Any]) -> JsonObject:
    """Annotations beside a reference win over the target's; two schemas that both constrain become an `allOf`."""
    clash = (target.keys() & siblings.keys()) - _ANNOTATIONS
    if not clash:
        return {**target, **siblings}
    others = siblings.get("allOf")
    return {**siblings, "allOf": [target, *(others if isinstance(others, list) else ())]}
