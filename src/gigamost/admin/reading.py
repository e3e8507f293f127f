"""Strict bodies: a field that nobody knows is refused, and the error names the one that was meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from gigamost.core.body import misfit
from gigamost.core.errors import GatewayError, invalid

Body = TypeVar("Body", bound=msgspec.Struct)
JsonValue = Any  # decoded JSON, before its type is known


def read(data: bytes, shape: type[Body]) -> Body:
    """Raises GatewayError (400) with the path of the field."""
    return fit(parse(data), shape)


def parse(data: bytes) -> JsonValue:
    try:
        value: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The request body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.")
    return value


def fit(value: JsonValue, shape: type[Body]) -> Body:
    """Raises GatewayError (400)."""
    _refuse_unknown(value, shape, "")
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise misfit(error) from None


def merged(target: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396: what is null goes, what is left out stays, objects are merged."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def unknown(path: str, name: str, known: Iterable[str]) -> GatewayError:
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}." if names else "leave it out."
    return invalid(f"{path}{name[:80]}: there is no such thing here: {advice}", f"{path}{name[:80]}", "unknown_field")


def _refuse_unknown(value: JsonValue, shape: type[msgspec.Struct], path: str) -> None:
    if not isinstance(value, dict):
        return
    fields = _fields(shape)
    for name, item in value.items():
        if name not in fields:
            raise unknown(path, name, fields)
        below = fields[name]
        if below is not None:
            _refuse_unknown(item, below, f"{path}{name}.")


@cache
def _fields(shape: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct] | None]:
    """By name, with the struct that stands there, if one does."""
    hints = get_type_hints(shape)
    return {field.encode_name: _struct_in(hints[field.name]) for field in msgspec.structs.fields(shape)}


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:  # a type form
    if get_origin(hint) is Annotated:
        return _struct_in(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        found = [_struct_in(each) for each in get_args(hint) if each is not NoneType]
        return next((each for each in found if each is not None), None)
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None
