"""Protobuf's JSON takes every field in camelCase and in snake_case. From here on all are camelCase, and in what a
client is told they are spelled as it wrote them.

Only the names of wire types are touched: what stands in an object without a shape (arguments, results, schemas, labels)
is the client's own.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gigamost.core.errors import GatewayError

_NAME = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+")


class Written:
    """`changed` are the names that a client wrote in snake_case, by their camelCase form."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        self._changed = changed

    def __bool__(self) -> bool:
        return bool(self._changed)

    def text(self, text: str) -> str:
        """The same text with the client's own spelling of names."""
        if not self._changed:
            return text
        return _NAME.sub(lambda found: self._changed.get(found[0], found[0]), text)

    def error(self, error: GatewayError) -> GatewayError:
        problem = error.problem
        param = self.text(problem.param) if problem.param else problem.param
        return GatewayError.of(msgspec.structs.replace(problem, message=self.text(problem.message), param=param))


class _Plan:
    """Where names of the wire stand in a value of one type: `names` maps both spellings to the camelCase name and the
    plan of the value, `items` is the plan of a list's items."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, _Plan]] = {}
        self.items: _Plan | None = None

    def add(self, kind: msgspec.inspect.Type, inner: Mapping[str, type[msgspec.Struct]]) -> None:
        match kind:
            case msgspec.inspect.UnionType(types=types):
                for each in types:
                    self.add(each, inner)
            case msgspec.inspect.Metadata(type=bare):
                self.add(bare, inner)
            case msgspec.inspect.ListType(item_type=item):
                self.items = self.items or _Plan()
                self.items.add(item, inner)
            case msgspec.inspect.StructType(fields=fields):
                for field in fields:
                    plan = _Plan()
                    shape = inner.get(field.encode_name)
                    plan.add(msgspec.inspect.type_info(shape) if shape is not None else field.type, inner)
                    self.names[field.name] = self.names[field.encode_name] = (field.encode_name, plan)
            case _:
                pass

    def snake_names(self) -> set[str]:
        found = {spelled for spelled, (name, _) in self.names.items() if spelled != name}
        for _, plan in self.names.values():
            found |= plan.snake_names()
        return found | (self.items.snake_names() if self.items else set())

    def respell(self, value: Any, changed: dict[str, str]) -> Any:
        if isinstance(value, list) and self.items is not None:
            return [self.items.respell(item, changed) for item in value]
        if not isinstance(value, dict) or not self.names:
            return value
        out: dict[str, Any] = {}
        for spelled, item in value.items():
            known = self.names.get(spelled)
            if known is None:
                out[spelled] = item
                continue
            name, plan = known
            if name != spelled:
                changed[name] = spelled
            out[name] = plan.respell(item, changed)
        return out


class Spelling:
    """Of bodies of one shape. `inner` are the shapes of fields that the shape itself leaves raw."""

    def __init__(self, shape: type[msgspec.Struct], inner: Mapping[str, type[msgspec.Struct]] | None = None) -> None:
        self._plan = _Plan()
        self._plan.add(msgspec.inspect.type_info(shape), inner or {})
        self._names = frozenset(name.encode() for name in self._plan.snake_names())
        # What a name ends in, from its last underscore: text has few of them, so most bodies are passed at once.
        ends = "|".join(sorted({name.rpartition("_")[2] for name in self._plan.snake_names()}))
        self._end = re.compile(rf'_(?:{ends})"\s*:'.encode())

    def camel(self, body: bytes) -> tuple[bytes, Written]:
        """The body in camelCase, or as it is when it has no other name, or cannot be read."""
        changed: dict[str, str] = {}
        if not any(map(self._is_name, self._end.finditer(body))):
            return body, Written(changed)
        try:
            body = self._respelled(body, changed)
        except (ValueError, RecursionError):
            changed = {}  # whoever reads it says what is wrong with it
        return body, Written(changed)

    def _is_name(self, found: re.Match[bytes]) -> bool:
        start = found.string.rfind(b'"', 0, found.start()) + 1
        return found.string[start : found.end()].partition(b'"')[0] in self._names

    def _respelled(self, body: bytes, changed: dict[str, str]) -> bytes:
        try:
            return msgspec.json.encode(self._plan.respell(msgspec.json.decode(body), changed))
        except msgspec.DecodeError:  # lone surrogates, which the standard library lets through
            return json.dumps(self._plan.respell(json.loads(body), changed)).encode()
