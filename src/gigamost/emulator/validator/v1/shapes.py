"""The JSON types of v1, field by field: a violation anywhere gets the one generic 400 (sections 4.1, 4.2, 4.4)."""

from gigamost.emulator.validator import rules
from gigamost.emulator.validator.functions import FUNCTION
from gigamost.emulator.validator.json_types import (
    Fields,
    Raw,
    array,
    fit,
    flag,
    integer,
    is_object,
    nullable,
    text,
    texts,
)
from gigamost.emulator.validator.sampling import SAMPLING, check_format_type

BODY: Fields = {
    "model": text,
    "messages": array,
    **SAMPLING,
    "n": integer,
    "stream": flag,
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
MESSAGE: Fields = {
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
CALL: Fields = {"name": text, "arguments": is_object}
FORCED: Fields = {"name": text, "partial_arguments": is_object}
FORMAT: Fields = {"type": text, "schema": nullable(is_object), "strict": flag}
STORAGE: Fields = {
    "is_stateful": flag,
    "limit": integer,
    "assistant_id": text,
    "thread_id": text,
    "metadata": is_object,
}

ROLES = frozenset({"system", "user", "assistant", "function"})


def check_shapes(raw: object) -> Raw:
    """The same body, now known to be an object whose known fields have their JSON types."""
    body = fit(raw, BODY, ("model", "messages"), rules.BODY_SHAPE)
    for item in body["messages"]:
        check_message(item)
    for function in body.get("functions") or ():
        fit(function, FUNCTION, ("name",), rules.FUNCTION_SHAPE)
    forced = body.get("function_call")
    if is_object(forced):
        fit(forced, FORCED, ("name",), rules.FUNCTION_CALL_SHAPE)
    elif forced not in (None, "none", "auto"):
        raise rules.FUNCTION_CALL_SHAPE.refuse()
    if "storage" in body:
        fit(body["storage"], STORAGE, (), rules.BODY_SHAPE)
    if "response_format" in body:
        check_format_type(fit(body["response_format"], FORMAT, ("type",), rules.BODY_SHAPE), "text", "json_schema")
    return body


def check_message(raw: object) -> None:
    message = fit(raw, MESSAGE, ("role", "content"), rules.MESSAGE_SHAPE)
    if message["role"] not in ROLES:
        raise rules.ROLE.refuse()
    if "function_call" in message:
        fit(message["function_call"], CALL, ("name", "arguments"), rules.MESSAGE_SHAPE)
