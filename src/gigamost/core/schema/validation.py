"""Does this JSON fit that schema? Answered by jsonschema-rs, under limits."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from gigamost.core.errors import GatewayError, invalid
from gigamost.core.request import JsonObject
from gigamost.core.schema.dialect import standard
from gigamost.core.schema.work import TooMuchError, work

if TYPE_CHECKING:  # at run time it is imported at the first schema: it costs 40 ms of start-up
    from jsonschema_rs import Validator

_CACHED: Final = 64 * 1024  # bytes of JSON; a bigger schema is compiled every time, or the cache could eat the memory
_CHECKS: Final = 200_000  # visits, about 1 us each
_EXPLAINED: Final = 20_000  # visits, about 15 us each when they are written down
_BACKTRACKS: Final = 2_000
_PATTERN_BYTES: Final = 1024 * 1024


class _Compiled(msgspec.Struct, frozen=True):
    validator: "Validator"
    schema: JsonObject


def check(schema: JsonObject, *, param: str | None = None) -> None:
    """Raises GatewayError (400, naming `param`) when the schema itself is wrong: to be asked before a model is."""
    _compiled(schema, param)


def validate(text: str, schema: JsonObject, *, param: str | None = None) -> str | None:
    """None when the JSON text fits the schema, else one sentence: where (a JSON pointer) and what is wrong.

    Raises GatewayError (400, naming `param`) for an invalid schema, for one whose references leave it, and for one
    that would take unreasonable work on this text.
    """
    compiled = _compiled(schema, param)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return f"The answer is not valid JSON: {error}."
    except RecursionError:
        return "The answer is nested too deeply."
    try:
        visits = work(compiled.schema, value, _CHECKS)
    except TooMuchError:
        raise invalid(
            "Checking this answer against the schema would take too much work; "
            "use fewer nested unions (anyOf, oneOf) and recursive references.",
            param,
        ) from None
    if compiled.validator.is_valid(value):
        return None
    return _misfit(compiled.validator, value) if visits <= _EXPLAINED else "The answer does not fit the schema."


def _misfit(validator: "Validator", value: object) -> str:
    """The deepest error: in a union it belongs to the variant that was meant."""
    errors = validator.evaluate(value).errors()
    worst = max(errors, key=lambda error: error["instanceLocation"].count("/"))
    where = worst["instanceLocation"]
    return f"At {where[:200] if where else 'the top'}: {_short(worst['error'])}."


def _compiled(schema: JsonObject, param: str | None) -> _Compiled:
    try:
        encoded = msgspec.json.encode(schema)
        return _kept(encoded) if len(encoded) <= _CACHED else _compile(encoded)
    except RecursionError:
        why = "The JSON schema is nested too deeply."
    except UnicodeEncodeError:
        why = "The JSON schema has text that is not valid Unicode (a lone surrogate)."
    except GatewayError as error:
        why = error.problem.message
    raise invalid(f"{param}: {why}" if param else why, param)


def _compile(encoded: bytes) -> _Compiled:
    import jsonschema_rs

    schema = standard(msgspec.json.decode(encoded, type=JsonObject))
    limits = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS, size_limit=_PATTERN_BYTES)
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=_refuse, pattern_options=limits)
    except jsonschema_rs.ValidationError as error:
        where = "".join(f"/{step}" for step in error.instance_path)
        raise invalid(
            f"The JSON schema is invalid{f' at {where[:200]}' if where else ''}: {_short(error.message)}."
        ) from None
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise invalid(f"The JSON schema is invalid: {_short(str(error))}.") from None
    _check_end(schema)
    return _Compiled(validator, schema)


def _check_end(schema: JsonObject) -> None:
    """A reference that leads back to itself without a step into the value (`{"$ref": "#"}`) would be followed for
    ever, whatever the value is. Raises GatewayError (400)."""
    trials: tuple[object, ...] = (None, "", {}, [])
    for value in trials:
        try:
            work(schema, value, _CHECKS)
        except TooMuchError:
            raise invalid("The JSON schema refers to itself without an end.") from None


_kept = lru_cache(maxsize=128)(_compile)


def _refuse(uri: str) -> JsonObject:
    raise ValueError("only references inside the schema are followed")


def _short(message: str) -> str:
    line = message.partition("\n")[0].rstrip(".")
    return line if len(line) <= 300 else f"{line[:150]} ... {line[-145:]}"
