"""JSON types, field by field: a violation anywhere gets the one generic 400 (sections 4.1, 4.2, 4.4)."""

from collections.abc import Callable
from typing import Any, TypeGuard

import jsonschema_rs

from gigamost.emulator.refusal import Rule
from gigamost.emulator.validator import rules

Raw = dict[str, Any]  # a client's JSON as it came: any shape, that is what is being judged
Shape = Callable[[object], bool]


def text(value: object) -> bool:
    return isinstance(value, str)


def flag(value: object) -> bool:
    return isinstance(value, bool)


def integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: object) -> bool:
    return integer(value) or isinstance(value, float)


def array(value: object) -> bool:
    return isinstance(value, list)


def texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_object(value: object) -> TypeGuard[Raw]:
    return isinstance(value, dict)


def is_schema(value: Raw) -> bool:
    """A JSON Schema that compiles. `$schema` is left out: a dialect of one's own would have to be fetched."""
    try:
        jsonschema_rs.validator_for({name: item for name, item in value.items() if name != "$schema"})
    except ValueError:
        return False
    return True


def nullable(shape: Shape) -> Shape:
    return lambda value: value is None or shape(value)


BODY: dict[str, Shape] = {
    "model": text,
    "messages": array,
    "temperature": nullable(number),
    "top_p": nullable(number),
    "n": integer,
    "stream": flag,
    "max_tokens": nullable(integer),
    "repetition_penalty": nullable(number),
    "update_interval": number,
    "functions": nullable(array),
    "function_call": lambda value: text(value) or is_object(value),
    "response_format": is_object,
    "reasoning_effort": text,
    "profanity_check": flag,
    "flags": texts,
    "storage": is_object,
    "function_ranker": is_object,
    "additional_data": is_object,
}
MESSAGE: dict[str, Shape] = {
    "role": text,
    "content": text,
    "name": text,
    "function_call": is_object,
    "functions_state_id": text,
    "attachments": texts,
    "reasoning_content": text,
    "id": lambda _: True,
    "data_for_context": array,
}
CALL: dict[str, Shape] = {"name": text, "arguments": is_object}
FUNCTION: dict[str, Shape] = {
    "name": text,
    "description": text,
    "parameters": is_object,
    "few_shot_examples": array,
    "return_parameters": is_object,
}
FORCED: dict[str, Shape] = {"name": text, "partial_arguments": is_object}
FORMAT: dict[str, Shape] = {"type": text, "schema": nullable(is_object), "strict": flag}

ROLES = frozenset({"system", "user", "assistant", "function"})


def _fits(value: object, fields: dict[str, Shape], required: tuple[str, ...], rule: Rule) -> None:
    if not is_object(value) or any(name not in value for name in required):
        raise rule.refuse()
    if any(name in value and not shape(value[name]) for name, shape in fields.items()):
        raise rule.refuse()


def check_shapes(body: object) -> Raw:
    """The same body, now known to be an object whose known fields have their JSON types."""
    if not is_object(body):
        raise rules.BODY_SHAPE.refuse()
    _fits(body, BODY, ("model", "messages"), rules.BODY_SHAPE)
    for message in body["messages"]:
        _fits(message, MESSAGE, ("role", "content"), rules.MESSAGE_SHAPE)
        if message["role"] not in ROLES:
            raise rules.ROLE.refuse()
        if "function_call" in message:
            _fits(message["function_call"], CALL, ("name", "arguments"), rules.MESSAGE_SHAPE)
    for function in body.get("functions") or ():
        _fits(function, FUNCTION, ("name",), rules.FUNCTION_SHAPE)
    forced = body.get("function_call")
    if is_object(forced):
        _fits(forced, FORCED, ("name",), rules.FUNCTION_CALL_SHAPE)
    elif forced not in (None, "none", "auto"):
        raise rules.FUNCTION_CALL_SHAPE.refuse()
    _check_format(body.get("response_format"))
    return body


def _check_format(value: object) -> None:
    if value is None:
        return
    _fits(value, FORMAT, ("type",), rules.BODY_SHAPE)
    if is_object(value):
        if value["type"] not in ("text", "json_schema"):
            raise rules.FORMAT_TYPE.refuse(type=value["type"])
        if value["type"] == "json_schema" and not value.get("schema"):
            raise rules.FORMAT_SCHEMA.refuse()
