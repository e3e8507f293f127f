"""Reading a client's JSON body so that nothing is lost silently: every field has a rule, every error names its place.

exact     the upstream gets it          emulated  the gateway does it itself
ignored   listed in `x-gigamost-ignored`          refused   a 400, because ignoring it would mislead
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from gigamost.core.errors import GatewayError, Kind, invalid

Fate = Literal["exact", "emulated", "ignored", "refused"]
Shape = TypeVar("Shape", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True):
    """What becomes of a request field. `note` is for the loss table in the docs, and for the 400 of a refused field.

    `neutral` are values that change nothing (besides null): not listed, not refused.
    """

    fate: Fate
    note: str = ""
    neutral: tuple[Any, ...] = ()


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
# One JSON escape: a backslash pair, a surrogate pair, or a lone surrogate (group 1).
_ESCAPE = re.compile(
    rb"\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_NULL = b"null"


class BodyReader(Generic[Shape]):
    """Reads bodies of one shape: a Struct of wire types whose fields all have defaults, and a rule for each of them.

    `cached` names fields whose decoded value is kept by its bytes: agents send the same tools with every turn.
    """

    def __init__(self, shape: type[Shape], rules: Mapping[str, Rule], cached: tuple[str, ...] = ()) -> None:
        self.shape = shape
        self.rules = rules
        apart = set(rules) ^ {field.encode_name for field in msgspec.structs.fields(shape)}
        if apart:
            raise TypeError(f"{shape.__name__}: every field has one rule, every rule one field; not so {sorted(apart)}")
        self._decoders: dict[str, Callable[[Any], Any]] = {}
        self._names: dict[str, str] = {}  # of the attributes, by the words of the wire
        for field in msgspec.structs.fields(shape):
            self._names[field.encode_name] = field.name
            decode = msgspec.json.Decoder(field.type).decode
            self._decoders[field.encode_name] = _by_bytes(decode) if field.encode_name in cached else decode

    def read(self, body: bytes) -> tuple[Shape, list[str]]:
        """The typed body and the names of fields that cannot be honoured, as the client wrote them.

        Raises GatewayError (400) for JSON that cannot be read, for a wrong type, and for a refused field.
        """
        try:
            return self._read(body)
        except msgspec.DecodeError as error:
            mended = _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body) if b"\\u" in body else body
            if mended != body:
                return self.read(mended)
            raise invalid(f"The request body is not valid JSON: {error}.") from None
        except UnicodeDecodeError as error:
            raise invalid(f"The request body is not valid UTF-8: {error.reason}.") from None
        except RecursionError:
            raise invalid("The request body is nested too deeply.") from None

    def _read(self, body: bytes) -> tuple[Shape, list[str]]:
        values: dict[str, Any] = {}
        ignored: list[str] = []
        for name, raw in _top(body).items():
            if bytes(raw) == _NULL:
                continue
            rule = self.rules.get(name)
            if rule is None:
                ignored.append(name)
                continue
            try:
                value = self._decoders[name](raw)
            except msgspec.ValidationError as error:
                raise misfit(error, name) from None
            if rule.fate == "ignored":
                if value not in rule.neutral:
                    ignored.append(name)
            elif rule.fate == "refused":
                if value not in rule.neutral:
                    raise invalid(f"{name} is not supported: {rule.note}", name, "unsupported_parameter")
            else:
                values[self._names[name]] = value
        return self.shape(**values), ignored


def _top(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _fields(body)
    except msgspec.ValidationError:
        raise invalid("The request body must be a JSON object.") from None


def _by_bytes(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    kept = lru_cache(maxsize=128)(decode)

    def cached(raw: msgspec.Raw) -> Any:
        return kept(bytes(raw))

    return cached


def misfit(error: msgspec.ValidationError, root: str = "") -> GatewayError:
    """A wrong type or value as a 400 with the path of the field: `messages[0].content`."""
    found = _PLACE.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    param = (root + path).lstrip(".") or None
    where = f"{param}: " if param else ""
    return GatewayError(Kind.INVALID_REQUEST, f"{where}{what.replace('`', '')}.", param=param, code="invalid_value")
