"""Values in range, and no field that the API does not know (section 4.1)."""

from gigamost.emulator.validator import rules
from gigamost.emulator.validator.functions import FUNCTION
from gigamost.emulator.validator.json_types import Fields, Raw, only
from gigamost.emulator.validator.sampling import check_format_schema, check_sampling
from gigamost.emulator.validator.v1.shapes import BODY, CALL, FORCED, FORMAT, MESSAGE, STORAGE


def check_params(body: Raw) -> None:
    check_sampling(body)
    if body.get("n", 1) != 1:
        raise rules.CHOICES.refuse()
    if body.get("reasoning_effort", "low") not in ("low", "medium", "high"):
        raise rules.EFFORT.refuse()
    check_format_schema(body.get("response_format", {}))


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
    _only(body.get("storage"), STORAGE, "storage.")


def _only(value: object, known: Fields, where: str) -> None:
    only(value, known, where, rules.UNKNOWN_FIELD)
