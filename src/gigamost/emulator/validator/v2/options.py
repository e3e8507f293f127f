"""`model_options` in range, and no field that the API does not know (section 5.1)."""

from gigamost.emulator.pattern import PatternError, compile_pattern
from gigamost.emulator.validator import rules as shared
from gigamost.emulator.validator.functions import FUNCTION
from gigamost.emulator.validator.json_types import Fields, Raw, only
from gigamost.emulator.validator.sampling import check_format_schema, check_sampling
from gigamost.emulator.validator.v2 import rules
from gigamost.emulator.validator.v2.shapes import (
    BODY,
    CALL,
    CONFIG,
    FILE,
    FORMAT,
    MESSAGE,
    NESTED,
    OPTIONS,
    PART,
    REASONING,
    RESULT,
    SEARCH,
    SPECIFICATIONS,
)


def check_options(options: Raw) -> None:
    check_sampling(options)
    if "top_logprobs" in options:
        if not 1 <= options["top_logprobs"] <= 5:
            raise rules.TOP_LOGPROBS.refuse()
        raise rules.LOGPROBS_DENIED.refuse()
    if options.get("reasoning", {}).get("effort", "low") not in ("low", "medium", "high", "off"):
        raise rules.EFFORT.refuse()
    response_format: Raw = options.get("response_format", {})
    check_format_schema(response_format)
    if response_format.get("type") == "regex":
        try:
            compile_pattern(response_format["regex"])
        except PatternError as error:
            raise rules.REGEX_INVALID.refuse(why=error) from None


def check_fields(body: Raw) -> None:
    """Refuses what the real API drops without a word, so that a leaking field shows in a test."""
    _only(body, BODY, "")
    for name, fields in {**NESTED, "model_options": OPTIONS, "tool_config": CONFIG}.items():
        _only(body.get(name), fields, f"{name}.")
    options: Raw = body.get("model_options", {})
    _only(options.get("reasoning"), REASONING, "model_options.reasoning.")
    _only(options.get("response_format"), FORMAT, "model_options.response_format.")
    for index, message in enumerate(body["messages"]):
        _only(message, MESSAGE, f"messages[{index}].")
        for at, part in enumerate(message["content"]):
            _check_part(part, f"messages[{index}].content[{at}].")
    for index, tool in enumerate(body.get("tools", ())):
        _only(tool.get("web_search"), SEARCH, f"tools[{index}].web_search.")
        _only(tool.get("functions"), SPECIFICATIONS, f"tools[{index}].functions.")
        for at, function in enumerate(tool.get("functions", {}).get("specifications", ())):
            _only(function, FUNCTION, f"tools[{index}].functions.specifications[{at}].")


def _check_part(part: Raw, where: str) -> None:
    _only(part, PART, where)
    _only(part.get("function_call"), CALL, f"{where}function_call.")
    _only(part.get("function_result"), RESULT, f"{where}function_result.")
    for at, file in enumerate(part.get("files", ())):
        _only(file, FILE, f"{where}files[{at}].")


def _only(value: object, known: Fields, where: str) -> None:
    only(value, known, where, shared.UNKNOWN_FIELD)
