"""v2 requests for every row of the judge's table: one that passes it, one that it refuses, and more of these."""

from typing import Any

from tests.emulator.examples import NAMES, OBJECT, SYNTAX, F

HI = {"role": "user", "content": [{"text": "Hi"}]}
CALL_PART = {"function_call": {"name": "f", "arguments": {}}}
CALL = {"role": "assistant", "content": [CALL_PART]}
RESULT = {"role": "tool", "content": [{"function_result": {"name": "f", "result": "{}"}}]}
TOOLS = [{"functions": {"specifications": [F]}}]


def chat(*messages: object, **fields: object) -> dict[str, Any]:
    return {"model": "GigaChat-2-Max", "messages": list(messages or (HI,)), **fields}


def options(**fields: object) -> dict[str, Any]:
    return chat(model_options=fields)


def structured(**response_format: object) -> dict[str, Any]:
    return options(response_format=response_format)


def tool(**function: object) -> dict[str, Any]:
    return functions({**F, **function})


def functions(*specifications: object) -> dict[str, Any]:
    return chat(tools=[{"functions": {"specifications": list(specifications)}}])


def schema(node: object) -> dict[str, Any]:
    """A request whose only function has one parameter `a` of this schema."""
    return tool(parameters={"type": "object", "properties": {"a": node}})


def part(**keys: object) -> dict[str, Any]:
    return {"role": "user", "content": [keys]}


def shown(*ids: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": "Hi"}, {"files": [{"id": file_id} for file_id in ids]}]}


def result(value: object, role: str = "tool") -> dict[str, Any]:
    return {"role": role, "content": [{"function_result": {"name": "f", "result": value}}]}


def dialog(*messages: object) -> dict[str, Any]:
    return chat(HI, *messages, tools=TOOLS)


# rule -> (accepted, refused, the refusal's message)
EXAMPLES: dict[str, tuple[object, object, str]] = {
    "body_shape": (chat(user_info={"timezone": "Europe/Moscow"}), chat(storage=True), SYNTAX),
    "options_shape": (options(temperature=0.5), options(temperature="0.5"), SYNTAX),
    "format_type": (
        structured(type="text"),
        structured(type="json_object"),
        'Unknown type "json_object" in response_format',
    ),
    "format_schema": (
        structured(type="json_schema", schema=OBJECT, strict=True),
        structured(type="json_schema"),
        "Empty schema with json format type is not supported",
    ),
    "regex_missing": (
        structured(type="regex", regex=r"[A-Z]{3}-\d{4}"),
        structured(type="regex"),
        "Empty regex with regex format type is not supported",
    ),
    "message_shape": (chat(), chat({"role": "user", "content": "Hi"}), SYNTAX),
    "role": (chat({"role": "system", "content": [{"text": "s"}]}, HI), chat({**HI, "role": "developer"}), SYNTAX),
    "part_shape": (
        chat(part(text="Hi", inline_data={"images": []})),
        chat(part(type="text", text="Hi")),
        SYNTAX,
    ),
    "result_shape": (
        dialog(CALL, result({"sky": "rain"})),
        dialog(CALL, {"role": "tool", "content": [{"function_result": {"result": "{}"}}]}),
        SYNTAX,
    ),
    "tool_shape": (
        chat(tools=[{"web_search": {}}]),
        chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]),
        SYNTAX,
    ),
    "function_shape": (tool(description="d"), tool(parameters="{}"), SYNTAX),
    "config_shape": (chat(tools=TOOLS, tool_config={"mode": "auto"}), chat(tool_config={"mode": "tool"}), SYNTAX),
    "result_json": (
        dialog(CALL, result('"sunny"')),
        dialog(CALL, result("sunny")),
        "invalid function result for function f json string `sunny`, error: JSON parse error at line 1 column 1",
    ),
    "assistant_unknown": (chat(), {"assistant_id": "nobody", "messages": [HI]}, "No such assistant"),
    "model": (chat(), chat(model="gpt-4o"), "No such model"),
    "tool_unknown": (chat(tools=[{"get_datetime": {}}]), chat(tools=[{"browser": {}}]), "Unknown tool browser"),
    "unknown_field": (chat(flags=["x"]), chat(temperature=1), "Invalid params: unknown field temperature"),
    "temperature": (
        options(temperature=2.5),
        options(temperature=0),
        "Invalid params: temperature must be in range (0, +inf)",
    ),
    "top_p": (options(top_p=0), options(top_p=1.01), "Invalid params: top_p must be in range [0, 1]"),
    "max_tokens": (
        options(max_tokens=1),
        options(max_tokens=0),
        "Invalid params: max_tokens must be in range [1, 2147483647]",
    ),
    "repetition_penalty": (
        options(repetition_penalty=1.1),
        options(repetition_penalty=0),
        "Invalid params: repetition_penalty must be in range (0, +inf)",
    ),
    "update_interval": (
        options(update_interval=0.5),
        options(update_interval=-1),
        "Invalid params: update_interval must be in range [0, +inf)",
    ),
    "top_logprobs": (options(), options(top_logprobs=6), "Invalid params: top_logprobs must be in range [1, 5]"),
    "logprobs_denied": (options(), options(top_logprobs=5), "Permission denied"),
    "reasoning_effort": (
        options(reasoning={"effort": "off"}),
        options(reasoning={"effort": "minimal"}),
        "Invalid params: reasoning.effort must be low, medium, high or off",
    ),
    "format_reference": (
        structured(type="json_schema", schema={"type": "object", "properties": {}}),
        structured(type="json_schema", schema={"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}),
        "Invalid params: $ref in response_format schema is not supported",
    ),
    "format_invalid": (
        structured(type="json_schema", schema={"title": "Out", "minimum": 1}),
        structured(type="json_schema", schema={"type": "object", "properties": []}),
        "Invalid params: schema in response_format is not a JSON Schema",
    ),
    "regex_invalid": (
        structured(type="regex", regex="^(?:yes|no)$"),
        structured(type="regex", regex="(yes"),
        "Invalid params: regex in response_format: a parenthesis is not closed",
    ),
    "tool_unavailable": (
        chat(tools=[{"code_interpreter": {}}]),
        chat(tools=[{"memory": {}}]),
        "Tool memory is unavailable",
    ),
    "tool_twice": (
        chat(tools=[{"web_search": {}}, {"image_generate": {}}]),
        chat(tools=[{"web_search": {}}, {"web_search": {}}]),
        "Invalid params: duplicate tools: [web_search]",
    ),
    "search_type": (
        chat(tools=[{"web_search": {"type": "safe_search", "indexes": [], "flags": []}}]),
        chat(tools=[{"web_search": {"type": "bing"}}]),
        "Invalid params: unknown web_search type [bing]",
    ),
    "no_functions": (
        chat(model="Mute", tools=[{"web_search": {}}]),
        tool() | {"model": "Mute"},
        "Requested model does not support functions",
    ),
    "function_name": (tool(name="_a.b-c9"), tool(name="1f"), NAMES),
    "function_name_length": (
        tool(name="f" * 64),
        tool(name="f" * 65),
        f"Invalid params: function name is longer than 64: [{'f' * 65}]",
    ),
    "function_twice": (
        functions(F, {**F, "name": "g"}),
        functions(F, F),
        "Invalid params: duplicate function names: [f]",
    ),
    "reserved_name": (
        tool(name="search"),
        functions({"name": "text2image"}),
        "Invalid params: [text2image] is a built-in function and takes no parameters",
    ),
    "parameters_missing": (tool(parameters={}), functions({"name": "f"}), "Field 'parameters' is missing"),
    "few_shot": (
        tool(few_shot_examples=[{"request": "r", "params": {}}]),
        tool(few_shot_examples=[{"request": "r"}]),
        "Invalid params: few_shot_examples need request and params: [f]",
    ),
    "schema_field_missing": (
        schema({"type": "object", "properties": {}}),
        schema({"type": "object"}),
        "Field 'properties.a.properties' is missing",
    ),
    "schema_type_list": (
        schema({"type": "string"}),
        schema({"type": ["string", "null"]}),
        "Field 'properties.a.type' must be a string",
    ),
    "schema_type": (
        schema({"type": "integer"}),
        schema({"type": "null"}),
        "Field 'properties.a.type' has an unknown type",
    ),
    "schema_keyword": (
        schema({"type": "string", "description": "d"}),
        schema({"type": "string", "title": "A"}),
        "Field 'properties.a.title' is not supported",
    ),
    "schema_enum": (
        schema({"type": "string", "enum": ["1"]}),
        schema({"type": "integer", "enum": [1]}),
        "Field 'properties.a.enum' must be a list of unique strings",
    ),
    "schema_format": (
        schema({"type": "string", "format": "date"}),
        schema({"type": "string", "format": "uri"}),
        "Field 'properties.a.format' has an unknown format",
    ),
    "schema_required": (
        tool(parameters={"type": "object", "properties": {}}),
        tool(parameters={"type": "object", "properties": {}, "required": []}),
        "Field 'required' must name properties",
    ),
    "schema_invalid": (
        schema({"type": "string", "pattern": "^a+$"}),
        schema({"type": "string", "pattern": "("}),
        "Invalid params: parameters of [f] are not a JSON Schema",
    ),
    "forced_name": (
        chat(tools=TOOLS, tool_config={"mode": "forced", "function_name": "f"}),
        chat(tools=TOOLS, tool_config={"mode": "forced"}),
        "Invalid params: tool_config with mode forced needs tool_name or function_name",
    ),
    "forced_mode": (
        chat(tools=TOOLS, tool_config={"mode": "none"}),
        chat(tools=TOOLS, tool_config={"mode": "auto", "function_name": "f"}),
        "Invalid params: function_name in tool_config needs mode forced",
    ),
    "forced_tool": (
        chat(tools=[{"web_search": {}}], tool_config={"mode": "forced", "tool_name": "web_search"}),
        chat(tools=TOOLS, tool_config={"mode": "forced", "tool_name": "web_search"}),
        "Invalid params: tool [web_search] is not in tools",
    ),
    "forced_unknown": (
        chat(tools=TOOLS, tool_config={"mode": "forced", "function_name": "f"}),
        chat(tools=TOOLS, tool_config={"mode": "forced", "function_name": "g"}),
        "Invalid params: function [g] is not in functions",
    ),
    "misplaced_part": (
        dialog({**CALL, "tools_state_id": "s"}, {**RESULT, "tools_state_id": "s"}),
        chat(part(tool_execution={"name": "web_search"}), HI),
        "Invalid params: tool_execution is not allowed in a user message",
    ),
    "content_empty": (chat(), chat(part(text="")), "Invalid params: user content must not be empty"),
    "thread_unknown": (chat(storage={}), chat(storage={"thread_id": "nobody's"}), "No such thread"),
    "messages_empty": (chat(), chat() | {"messages": []}, "Invalid params: messages must not be empty"),
    "system_first": (
        chat({"role": "system", "content": [{"text": "s"}]}, HI),
        chat(HI, {"role": "system", "content": [{"text": "s"}]}),
        "Invalid params: system message must be the first message",
    ),
    "call_without_result": (
        dialog({"role": "assistant", "content": [{"text": "Two"}, CALL_PART, CALL_PART]}, RESULT, RESULT),
        dialog({"role": "assistant", "content": [CALL_PART, CALL_PART]}, RESULT),
        "Invalid params: every assistant function call must have a result in history",
    ),
    "result_without_call": (
        dialog(CALL, RESULT, HI),
        dialog(CALL, RESULT, RESULT),
        "Invalid params: every assistant function result must have an assistant function call in history",
    ),
    "assistant_last": (
        chat(HI, {"role": "assistant", "content": [{"text": "a"}]}, HI),
        chat(HI, {"role": "assistant", "content": [{"text": "a"}]}),
        "Invalid params: the last message must not be from assistant",
    ),
    "undefined_functions": (
        dialog(CALL, RESULT),
        chat(HI, CALL, RESULT),
        "Invalid params: undefined functions in dialog history: [f]",
    ),
    "file_unknown": (chat(shown("t0")), chat(shown("nobody's")), "No such file"),
    "no_vision": (
        chat(shown("i0")),
        chat(shown("i0"), model="GigaChat-2"),
        "Model GigaChat-2 does not support image",
    ),
    "images_per_message": (
        chat(shown("i0"), shown("i1")),
        chat(shown("i0", "i1")),
        "Invalid params: only one image per message is allowed",
    ),
    "images_per_request": (
        chat(*(shown(f"i{n}") for n in range(10))),
        chat(*(shown(f"i{n}") for n in range(11))),
        "Invalid params: only 10 images per request are allowed",
    ),
    "media_size": (chat(shown("a0")), chat(shown("a0", "a1")), "Payload too large"),
    "document_overflow": (
        chat(shown("t0"), model="Tiny"),
        chat(shown("t1"), model="Tiny"),
        "Invalid params: content of attached files exceeds context: 91 tokens (max 60)",
    ),
    "context_overflow": (
        chat(part(text="word " * 40), model="Tiny"),
        chat(part(text="word " * 80), model="Tiny"),
        "Tokens limit exceeded: 90 tokens (max 60)",
    ),
}

# Further requests that a rule refuses: the same row, another way to break it.
MORE: list[tuple[str, object]] = [
    ("body_shape", []),
    ("body_shape", {"messages": [HI]}),
    ("body_shape", {"model": "GigaChat"}),
    ("body_shape", chat(stream=None)),
    ("body_shape", chat(storage={"thread_id": 1})),
    ("body_shape", chat(user_info={"timezone": 3})),
    ("options_shape", options(reasoning="low")),
    ("options_shape", options(max_tokens=1.5)),
    ("options_shape", structured(schema={})),
    ("message_shape", chat({"role": "user", "content": None})),
    ("message_shape", chat({"role": "user"})),
    ("message_shape", chat({**HI, "tools_state_id": 1})),
    ("role", chat({**HI, "role": "reasoning"})),
    ("part_shape", chat({"role": "user", "content": ["Hi"]})),
    ("part_shape", chat(part())),
    ("part_shape", chat(part(image_url={"url": "u"}))),
    ("part_shape", chat(part(text="Hi", files=[{"id": "t0"}]))),
    ("part_shape", chat(part(files=["t0"]))),
    ("part_shape", dialog({"role": "assistant", "content": [{"function_call": {"name": "f", "arguments": "{}"}}]})),
    ("part_shape", dialog({"role": "assistant", "content": [{"function_call": {"arguments": {}}}]})),
    ("result_shape", dialog(CALL, result([1]))),
    ("result_shape", dialog(CALL, result(None))),
    ("result_json", dialog(CALL, result(""))),
    ("tool_shape", chat(tools=["web_search"])),
    ("tool_shape", chat(tools=[{}])),
    ("tool_shape", chat(tools=[{"web_search": {}, "image_generate": {}}])),
    ("tool_shape", chat(tools=[{"web_search": None}])),
    ("tool_shape", chat(tools=[{"functions": {}}])),
    ("tool_shape", chat(tools=[{"functions": [F]}])),
    ("config_shape", chat(tool_config={"function_name": "f"})),
    ("config_shape", chat(tool_config={"mode": "required"})),
    ("format_schema", structured(type="json_schema", schema={})),
    ("unknown_field", options(seed=1)),
    ("unknown_field", chat(storage={"is_stateful": True})),
    ("unknown_field", chat({**HI, "name": "ann"})),
    ("unknown_field", chat(part(text="Hi", cache_control={}))),
    (
        "unknown_field",
        dialog(
            {"role": "assistant", "content": [{"function_call": {**CALL_PART, **CALL_PART["function_call"]}}]}, RESULT
        ),
    ),
    ("unknown_field", tool(strict=True)),
    ("unknown_field", chat(tools=[{"web_search": {"max_uses": 1}}])),
    ("top_logprobs", options(top_logprobs=0)),
    ("regex_invalid", structured(type="regex", regex=r"(?=a)a")),
    ("reserved_name", tool(name="web_search")),
    (
        "forced_name",
        chat(
            tools=[*TOOLS, {"web_search": {}}],
            tool_config={"mode": "forced", "tool_name": "web_search", "function_name": "f"},
        ),
    ),
    ("forced_tool", chat(tool_config={"mode": "forced", "tool_name": "functions"}, tools=TOOLS)),
    ("content_empty", chat({"role": "user", "content": []})),
    ("content_empty", chat(HI, {"role": "assistant", "content": []}, HI)),
    ("misplaced_part", chat({**HI, "tools_state_id": "s"})),
    ("misplaced_part", chat({"role": "system", "content": [{"files": [{"id": "t0"}]}]}, HI)),
    ("misplaced_part", chat(HI, {"role": "tool", "content": [{"text": "sunny"}]})),
    ("misplaced_part", chat(part(function_call={"name": "f", "arguments": {}}), HI)),
    ("call_without_result", dialog(CALL)),
    ("call_without_result", dialog(CALL, HI)),
    ("result_without_call", chat(RESULT, tools=TOOLS)),
    (
        "result_without_call",
        dialog(CALL, {"role": "tool", "content": [{"function_result": {"name": "g", "result": "{}"}}]}),
    ),
]
