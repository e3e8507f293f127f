"""The JSON types of v2, field by field: a violation anywhere gets the one generic 400 (sections 5.1 to 5.3)."""

from gigamost.emulator.validator import rules as shared
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
from gigamost.emulator.validator.v2 import rules

BODY: Fields = {
    "model": text,
    "messages": array,
    "stream": flag,
    "model_options": is_object,
    "tools": array,
    "tool_config": is_object,
    "disable_filter": flag,
    "filter_config": is_object,
    "storage": is_object,
    "assistant_id": text,
    "memory_id": text,
    "ranker_options": is_object,
    "user_info": is_object,
    "flags": texts,
    "tools_state_id": text,
}
OPTIONS: Fields = {
    **SAMPLING,
    "unnormalized_history": flag,
    "top_logprobs": integer,
    "response_format": is_object,
    "reasoning": is_object,
    "preset": text,
}
FORMAT: Fields = {"type": text, "schema": nullable(is_object), "strict": flag, "regex": text}
REASONING: Fields = {"effort": text}
STORAGE: Fields = {"limit": integer, "thread_id": text, "metadata": is_object}
RANKER: Fields = {"enabled": flag, "top_n": integer, "embeddings_model": text}
USER: Fields = {"timezone": text}
FILTER: Fields = {"request_content": is_object, "response_content": is_object}
CONFIG: Fields = {"mode": text, "tool_name": text, "function_name": text}
NESTED: dict[str, Fields] = {
    "storage": STORAGE,
    "ranker_options": RANKER,
    "user_info": USER,
    "filter_config": FILTER,
}

STATE_IDS = ("tools_state_id", "tool_state_id", "functions_state_id")
MESSAGE: Fields = {"role": text, "content": array, "message_id": text, **dict.fromkeys(STATE_IDS, text)}
# A part is one of these; `inline_data` stands beside a text [recorded].
MAIN: Fields = {
    "text": text,
    "files": array,
    "function_call": is_object,
    "function_result": is_object,
    "tool_execution": is_object,
}
PART: Fields = {**MAIN, "inline_data": is_object}
FILE: Fields = {"id": text, "mime": text, "target": text}
CALL: Fields = {"name": text, "arguments": is_object, "id": text}
RESULT: Fields = {"name": text, "result": lambda value: text(value) or is_object(value)}

SPECIFICATIONS: Fields = {"specifications": array}
SEARCH: Fields = {"type": text, "indexes": texts, "flags": texts}
RESULT_ROLES = ("tool", "function")


def check_shapes(raw: object, result_roles: tuple[str, ...]) -> Raw:
    """The same body, now known to be an object whose known fields have their JSON types.

    `result_roles` are the roles that a function's result may have.
    """
    body = fit(raw, BODY, ("messages",), rules.BODY_SHAPE)
    if "model" not in body and "assistant_id" not in body:
        raise rules.BODY_SHAPE.refuse()
    for name, fields in NESTED.items():
        if name in body:
            fit(body[name], fields, (), rules.BODY_SHAPE)
    _check_options(body.get("model_options", {}))
    for item in body["messages"]:
        message = fit(item, MESSAGE, ("role", "content"), rules.MESSAGE_SHAPE)
        if message["role"] not in ("system", "user", "assistant", *result_roles):
            raise rules.ROLE.refuse()
        for part in message["content"]:
            _check_part(part)
    for tool in body.get("tools", ()):
        _check_tool(tool)
    if "tool_config" in body:
        config = fit(body["tool_config"], CONFIG, ("mode",), rules.CONFIG_SHAPE)
        if config["mode"] not in ("auto", "none", "forced"):
            raise rules.CONFIG_SHAPE.refuse()
    return body


def _check_options(raw: Raw) -> None:
    options = fit(raw, OPTIONS, (), rules.OPTIONS_SHAPE)
    if "reasoning" in options:
        fit(options["reasoning"], REASONING, (), rules.OPTIONS_SHAPE)
    if "response_format" in options:
        response_format = fit(options["response_format"], FORMAT, ("type",), rules.OPTIONS_SHAPE)
        check_format_type(response_format, "text", "json_schema", "regex")
        if response_format["type"] == "regex" and not response_format.get("regex"):
            raise rules.REGEX_MISSING.refuse()


def _check_part(raw: object) -> None:
    part = fit(raw, PART, (), rules.PART_SHAPE)
    if "type" in part or len(part.keys() & MAIN) != 1 or ("inline_data" in part and "text" not in part):
        raise rules.PART_SHAPE.refuse()
    for file in part.get("files", ()):
        fit(file, FILE, ("id",), rules.PART_SHAPE)
    if "function_call" in part:
        fit(part["function_call"], CALL, ("name", "arguments"), rules.PART_SHAPE)
    if "function_result" in part:
        fit(part["function_result"], RESULT, ("name", "result"), rules.RESULT_SHAPE)


def _check_tool(raw: object) -> None:
    """One key, which names the tool; `type` beside it or as it is OpenAI's form."""
    tool = fit(raw, {}, (), rules.TOOL_SHAPE)
    if len(tool) != 1 or "type" in tool or not all(map(is_object, tool.values())):
        raise rules.TOOL_SHAPE.refuse()
    if "web_search" in tool:
        fit(tool["web_search"], SEARCH, (), rules.TOOL_SHAPE)
    if "functions" in tool:
        functions = fit(tool["functions"], SPECIFICATIONS, ("specifications",), rules.TOOL_SHAPE)
        for function in functions["specifications"]:
            fit(function, FUNCTION, ("name",), shared.FUNCTION_SHAPE)
