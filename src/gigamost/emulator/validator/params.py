"""Values in range, and no field that the API does not know (section 4.1)."""

from gigamost.emulator.validator import rules
from gigamost.emulator.validator.shapes import BODY, CALL, FORCED, FORMAT, FUNCTION, MESSAGE, Raw, is_object, is_schema

INT32 = 2**31 - 1
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def check_params(body: Raw) -> None:
    if not body["messages"]:
        raise rules.MESSAGES_EMPTY.refuse()
    if (temperature := body.get("temperature")) is not None and temperature <= 0:
        raise rules.TEMPERATURE.refuse()
    if (top_p := body.get("top_p")) is not None and not 0 <= top_p <= 1:
        raise rules.TOP_P.refuse()
    if body.get("n", 1) != 1:
        raise rules.CHOICES.refuse()
    if (limit := body.get("max_tokens")) is not None and not 0 < limit <= INT32:
        raise rules.MAX_TOKENS.refuse()
    if (penalty := body.get("repetition_penalty")) is not None and penalty <= 0:
        raise rules.REPETITION.refuse()
    if body.get("update_interval", 0) < 0:
        raise rules.INTERVAL.refuse()
    if body.get("reasoning_effort", "low") not in ("low", "medium", "high"):
        raise rules.EFFORT.refuse()
    schema = body.get("response_format", {}).get("schema") or {}
    if _refers(schema):
        raise rules.FORMAT_REFERENCE.refuse()
    if not is_schema(schema):
        raise rules.FORMAT_INVALID.refuse()


def _refers(schema: object) -> bool:
    """Whether a schema of `response_format` has a `$ref` anywhere; a property may have that name."""
    if isinstance(schema, dict):
        return any(isinstance(schema.get(name), str) for name in REFERENCES) or any(
            _refers(value) for value in schema.values()
        )
    return isinstance(schema, list) and any(_refers(item) for item in schema)


def check_fields(body: Raw) -> None:
    """Refuses what the real API drops without a word, so that a leaking field shows in a test."""
    _only(body, BODY, "")
    for index, message in enumerate(body["messages"]):
        _only(message, MESSAGE, f"messages[{index}].")
        _only(message.get("function_call"), CALL, f"messages[{index}].function_call.")
    for index, function in enumerate(body.get("functions") or ()):
        _only(function, FUNCTION, f"functions[{index}].")
    _only(body.get("function_call"), FORCED, "function_call.")
    _only(body.get("response_format"), FORMAT, "response_format.")


def _only(value: object, known: dict[str, object] | object, where: str) -> None:
    if is_object(value) and isinstance(known, dict):
        for name in value:
            if name not in known:
                raise rules.UNKNOWN_FIELD.refuse(field=where + name)
