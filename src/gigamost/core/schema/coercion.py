"""A model's arguments made to fit the client's schema, where there is one safe way to do it (quirk 23).

    "5" -> 5, "true" -> true, 5 -> "5", 5.0 -> 5         by the type that the schema wants
    "[1]" -> [1], "{..}" -> {..}, x -> [x]               JSON in a string, one value where a list is wanted
    "RED" -> "red", "2" -> 2                             the only option that reads the same
    null -> left out                                     an optional property that cannot be null
    missing -> null, missing -> the constant             a required property that can have one value only, or null

What fits already is never touched (but 5.0 becomes 5 where an integer is wanted: JSON Schema takes both, programs do
not), and what has no safe way stays as it is.
"""

import re
from typing import Any, Final

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.schema.keywords import MAX_DEPTH, is_null, is_nullable, options_of, types_of, variants_of
from gigamost.core.schema.likeness import Number, fits_type, is_option, kinds_of, same_reading
from gigamost.core.schema.refs import resolve

_STEPS: Final = 10_000  # (schema, value) pairs; unions inside recursive references multiply without end
_EXACT: Final = 2**53
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_decode = msgspec.json.Decoder(float_hook=Number).decode
_encode = msgspec.json.Encoder(enc_hook=Number.raw).encode


class _TooMuchError(Exception):
    pass


def coerce(arguments: str, schema: JsonObject) -> str:
    """The arguments (JSON text) as `schema` wants them, compact; the same text object when nothing was to be changed.

    Text that is not JSON comes back as it is. Numbers keep their spelling.
    """
    try:
        value = _decode(arguments)
        fitted = _Fitting(schema).fit(value, schema, 0)
        return arguments if fitted is value else _encode(fitted).decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError, _TooMuchError):
        return arguments


class _Fitting:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._steps = _STEPS

    def fit(self, value: Any, schema: object, depth: int) -> Any:
        """The value as the schema wants it; the same object when it is left alone."""
        if not isinstance(schema, dict) or not self._goes_on(depth):
            return value
        if (target := self._target(schema)) is not None:
            value = self.fit(value, target, depth + 1)
        for part in _list(schema.get("allOf")):
            value = self.fit(value, part, depth + 1)
        if variants := variants_of(schema):
            value = self._choose(value, variants, depth + 1)
        value = self._typed(value, schema, depth)
        options = self._options(schema)
        if options is not None and not is_option(value, options):
            alike = [option for option in options if same_reading(option, value)]
            value = alike[0] if len(alike) == 1 else value
        if isinstance(value, dict):
            return self._object(value, schema, depth + 1)
        if isinstance(value, list):
            return self._array(value, schema, depth + 1)
        return value

    def fits(self, value: Any, schema: object, depth: int) -> bool:
        """False only when the value is certainly invalid; keywords that are costly to check count as fulfilled."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict) or not self._goes_on(depth):
            return True
        types, options = types_of(schema), self._options(schema)
        if types and not fits_type(value, types):
            return False
        if options is not None and not is_option(value, options) and not (value is None and is_nullable(schema)):
            return False
        depth += 1
        if (target := self._target(schema)) is not None and not self.fits(value, target, depth):
            return False
        if not all(self.fits(value, part, depth) for part in _list(schema.get("allOf"))):
            return False
        variants = variants_of(schema)
        if variants and not any(self.fits(value, variant, depth) for variant in variants):
            return False
        if isinstance(value, dict):
            known = _dict(schema.get("properties"))
            return all(isinstance(name, str) and name in value for name in _list(schema.get("required"))) and all(
                self.fits(part, self._property(schema, known, name), depth) for name, part in value.items()
            )
        if isinstance(value, list):
            return all(self.fits(part, _item(schema, at), depth) for at, part in enumerate(value))
        return True

    def _goes_on(self, depth: int) -> bool:
        self._steps -= 1
        if self._steps < 0:
            raise _TooMuchError
        return depth <= MAX_DEPTH * 2

    def _options(self, schema: JsonObject) -> list[Any] | None:
        options = options_of(schema)
        self._steps -= len(options or ()) // 16
        return options

    def _target(self, schema: JsonObject) -> JsonObject | None:
        ref = schema.get("$ref")
        return resolve(self._root, ref) if isinstance(ref, str) else None

    def _choose(self, value: Any, variants: list[object], depth: int) -> Any:
        real = [variant for variant in variants if not is_null(variant)]
        if len(real) == 1 and len(variants) > 1 and value is None:
            return value
        if len(real) == 1:
            return self.fit(value, real[0], depth)
        if any(self.fits(value, variant, depth) for variant in variants):
            return value
        for variant in real:
            fitted = self.fit(value, variant, depth)
            # Filling in what is missing would choose the variant instead of the model.
            added = isinstance(value, dict) and isinstance(fitted, dict) and not fitted.keys() <= value.keys()
            if fitted is not value and not added and self.fits(fitted, variant, depth):
                return fitted
        return value

    def _typed(self, value: Any, schema: JsonObject, depth: int) -> Any:
        types = types_of(schema)
        if not types:
            return value
        if fits_type(value, types):
            return _whole(value) if "integer" in types and "number" not in types else value
        for name in types:
            made = _made(value, name)
            if made is not value:
                return made
        if "array" in types and value is not None and not isinstance(value, list):
            item = self.fit(value, _item(schema, 0), depth + 1)
            return [item] if self.fits(item, _item(schema, 0), depth + 1) else value
        return value

    def _object(self, value: dict[str, Any], schema: JsonObject, depth: int) -> dict[str, Any]:
        known = _dict(schema.get("properties"))
        required = dict.fromkeys(name for name in _list(schema.get("required")) if isinstance(name, str))
        fitted: dict[str, Any] = {}
        changed = False
        for name, part in value.items():
            wanted = self._property(schema, known, name)
            if part is None and name in known and name not in required and not self.fits(None, wanted, depth):
                changed = True
                continue
            fitted[name] = self.fit(part, wanted, depth)
            changed = changed or fitted[name] is not part
        for name in required:
            if name not in value and isinstance(wanted := known.get(name), dict):
                options = self._only(wanted, depth)
                if options:
                    fitted[name] = options[0]
                    changed = True
        return fitted if changed else value

    def _only(self, schema: JsonObject, depth: int) -> list[Any]:
        """The one value that a missing property can have; none when it is for the model to say."""
        target = self._target(schema)
        if target is not None and self._goes_on(depth) and (found := self._only(target, depth + 1)):
            return found
        options = options_of(schema)
        if options is not None and len(options) == 1:
            return options
        return [None] if is_nullable(schema) else []

    def _array(self, value: list[Any], schema: JsonObject, depth: int) -> list[Any]:
        fitted = [self.fit(part, _item(schema, at), depth) for at, part in enumerate(value)]
        return value if all(new is old for new, old in zip(fitted, value, strict=True)) else fitted

    def _property(self, schema: JsonObject, known: dict[str, Any], name: str) -> object:
        """The schema of one property; True (anything) where patterns may have a say."""
        if name in known:
            return known[name]
        return True if "patternProperties" in schema else schema.get("additionalProperties", True)


def _item(schema: JsonObject, at: int) -> object:
    items = schema.get("items", True)
    first = items if isinstance(items, list) else _list(schema.get("prefixItems"))
    if at < len(first):
        return first[at]
    return schema.get("additionalItems", True) if isinstance(items, list) else items


def _made(value: Any, name: str) -> Any:
    """The value as the JSON type `name`, or the value itself when that is not its plain reading."""
    if isinstance(value, str):
        return _read(value, name)
    if name == "string" and isinstance(value, int | float):
        return _encode(value).decode()
    return value


def _read(text: str, name: str) -> Any:
    bare = text.strip()
    if name == "boolean" and bare.casefold() in ("true", "false"):
        return bare.casefold() == "true"
    if name in ("integer", "number") and not _NUMBER.fullmatch(bare):
        return text
    if name in ("integer", "number", "object", "array") and (name != "object" or bare.startswith("{")):
        try:
            value = _decode(bare)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return text
        value = _whole(value) if name == "integer" else value
        return value if name in kinds_of(value) and not (name == "integer" and isinstance(value, float)) else text
    return text


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
