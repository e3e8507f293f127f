"""Chat requests for every row of the validator's table: one that passes it, one that it refuses, and more of these."""

from typing import Any

from gigamost.emulator.catalogue import CATALOGUE, Facts
from gigamost.emulator.files import StoredFile

SYNTAX = "Your request contains invalid JSON syntax."
HI = {"role": "user", "content": "Hi"}
CALL = {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": {}}}
RESULT = {"role": "function", "name": "f", "content": "{}"}
F = {"name": "f", "parameters": {"type": "object", "properties": {}}}
MODELS = {model.id: model for model in (*CATALOGUE, Facts("Mute", functions=False), Facts("Tiny", context=60))}


def file(file_id: str, mime: str, size: int = 1, text: str = "") -> StoredFile:
    modality: Any = {"t": "text", "i": "image", "a": "audio"}[mime[0]]
    return StoredFile(file_id, file_id, 0, "general", modality, mime, text.encode() or b"x" * size, "owner")


FILES = {
    **{f"i{n}": file(f"i{n}", "image/png") for n in range(12)},
    "t0": file("t0", "text/plain"),
    "t1": file("t1", "text/plain", text="word " * 80),
    "a0": file("a0", "audio/mp3", 41 * 1024 * 1024),
    "a1": file("a1", "audio/mp3", 41 * 1024 * 1024),
}


def chat(*messages: object, **fields: object) -> dict[str, Any]:
    return {"model": "GigaChat-2-Max", "messages": list(messages or (HI,)), **fields}


def tool(**function: object) -> dict[str, Any]:
    return chat(functions=[{**F, **function}])


def schema(node: object) -> dict[str, Any]:
    """A request whose only function has one parameter `a` of this schema."""
    return tool(parameters={"type": "object", "properties": {"a": node}})


def shown(*ids: str) -> dict[str, Any]:
    return {**HI, "attachments": list(ids)}


def structured(**response_format: object) -> dict[str, Any]:
    return chat(response_format=response_format)


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
NAMES = (
    "Invalid params: Invalid function names. Only Latin letters (A-Z or a-z), underscore (_), hyphen (-), dot (.) "
    "and digits (not leading) are allowed.: [1f]"
)

# rule -> (accepted, refused, the refusal's message)
EXAMPLES: dict[str, tuple[object, object, str]] = {
    "json": (
        b'{"model":"GigaChat","messages":[{"role":"user","content":"\\ud83d\\ude00"}]}',
        b'{"a":"\\ud800"}',
        SYNTAX,
    ),
    "body_shape": (chat(temperature=None), chat(temperature="1"), SYNTAX),
    "message_shape": (chat(HI, HI), chat({"role": "user", "content": [{"type": "text", "text": "Hi"}]}), SYNTAX),
    "role": (chat({"role": "system", "content": "s"}, HI), chat({"role": "developer", "content": "s"}, HI), SYNTAX),
    "function_shape": (tool(description="d"), tool(parameters="{}"), SYNTAX),
    "function_call_shape": (chat(functions=[F], function_call="auto"), chat(function_call="any"), SYNTAX),
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
    "model": (chat(), chat(model="gpt-4o"), "No such model"),
    "unknown_field": (chat(flags=["preprocess"]), chat(seed=1), "Invalid params: unknown field seed"),
    "temperature": (
        chat(temperature=2.5),
        chat(temperature=0),
        "Invalid params: temperature must be in range (0, +inf)",
    ),
    "top_p": (chat(top_p=0), chat(top_p=1.01), "Invalid params: top_p must be in range [0, 1]"),
    "n": (chat(n=1), chat(n=2), "Invalid params: n must be 1"),
    "max_tokens": (
        chat(max_tokens=2**31 - 1),
        chat(max_tokens=2**31),
        "Invalid params: max_tokens must be in range [1, 2147483647]",
    ),
    "repetition_penalty": (
        chat(repetition_penalty=1.0),
        chat(repetition_penalty=0),
        "Invalid params: repetition_penalty must be in range (0, +inf)",
    ),
    "update_interval": (
        chat(update_interval=0),
        chat(update_interval=-1),
        "Invalid params: update_interval must be in range [0, +inf)",
    ),
    "reasoning_effort": (
        chat(reasoning_effort="high"),
        chat(reasoning_effort="minimal"),
        "Invalid params: reasoning_effort must be low, medium or high",
    ),
    "format_reference": (
        structured(type="json_schema", schema={"type": "object", "properties": {}}),
        structured(type="json_schema", schema={"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}),
        "Invalid params: $ref in response_format schema is not supported",
    ),
    "format_invalid": (
        structured(type="json_schema", schema={"title": "Out", "minimum": 1, "additionalProperties": True}),
        structured(type="json_schema", schema={"type": "object", "properties": []}),
        "Invalid params: schema in response_format is not a JSON Schema",
    ),
    "no_functions": (
        chat(model="Mute"),
        chat(model="Mute", functions=[F]),
        "Requested model does not support functions",
    ),
    "function_name": (tool(name="_a.b-c9"), tool(name="1f"), NAMES),
    "function_name_length": (
        tool(name="f" * 64),
        tool(name="f" * 65),
        f"Invalid params: function name is longer than 64: [{'f' * 65}]",
    ),
    "function_twice": (
        chat(functions=[F, {**F, "name": "g"}]),
        chat(functions=[F, F]),
        "Invalid params: duplicate function names: [f]",
    ),
    "reserved_name": (
        chat(functions=[F, {"name": "text2image"}]),
        tool(name="web_search"),
        "Invalid params: [web_search] is a built-in function and takes no parameters",
    ),
    "parameters_missing": (tool(parameters={}), chat(functions=[{"name": "f"}]), "Field 'parameters' is missing"),
    "few_shot": (
        tool(few_shot_examples=[{"request": "r", "params": {}}]),
        tool(few_shot_examples=[{"request": "r"}]),
        "Invalid params: few_shot_examples need request and params: [f]",
    ),
    "schema_field_missing": (
        schema({"type": "object", "properties": {"b": {"type": "object", "properties": {}}}}),
        schema({"type": "object", "properties": {"b": {"type": "object"}}}),
        "Field 'properties.a.properties.b.properties' is missing",
    ),
    "schema_type_list": (
        schema({"type": "string", "nullable": True}),
        schema({"type": ["string", "null"]}),
        "Field 'properties.a.type' must be a string",
    ),
    "schema_type": (
        schema({"type": "integer", "minimum": 0}),
        schema({"type": "null"}),
        "Field 'properties.a.type' has an unknown type",
    ),
    "schema_keyword": (
        tool(parameters={"type": "object", "properties": {"title": {"type": "string"}}}),
        schema({"type": "string", "title": "A"}),
        "Field 'properties.a.title' is not supported",
    ),
    "schema_enum": (
        schema({"type": "string", "enum": ["1", "2"]}),
        schema({"type": "integer", "enum": [1, 2]}),
        "Field 'properties.a.enum' must be a list of unique strings",
    ),
    "schema_format": (
        schema({"type": "string", "format": "date-time"}),
        schema({"type": "string", "format": "uri"}),
        "Field 'properties.a.format' has an unknown format",
    ),
    "schema_required": (
        tool(parameters={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        tool(parameters={"type": "object", "properties": {}, "required": []}),
        "Field 'required' must name properties",
    ),
    "schema_invalid": (
        schema({"type": "string", "pattern": "^a+$"}),
        schema({"type": "string", "pattern": "("}),
        "Invalid params: parameters of [f] are not a JSON Schema",
    ),
    "forced_unknown": (
        chat(functions=[F], function_call={"name": "f", "partial_arguments": {}}),
        chat(functions=[F], function_call={"name": "g"}),
        "Invalid params: function [g] is not in functions",
    ),
    "user_empty": (chat(), chat({**HI, "content": ""}), "Invalid params: user content must not be empty"),
    "misplaced_key": (
        chat(HI, {**CALL, "functions_state_id": "s"}, RESULT, functions=[F]),
        chat(HI, CALL, {**RESULT, "functions_state_id": "s"}, functions=[F]),
        "Invalid params: functions_state_id is not allowed in a function message",
    ),
    "result_name": (
        chat(HI, CALL, RESULT, functions=[F]),
        chat(HI, CALL, {"role": "function", "content": "{}"}, functions=[F]),
        "Invalid params: function message must have a name",
    ),
    "thread_unknown": (
        chat(storage={"is_stateful": True, "limit": 3}),
        chat(storage={"thread_id": "nobody's"}),
        "No such thread",
    ),
    "messages_empty": (chat(), chat() | {"messages": []}, "Invalid params: messages must not be empty"),
    "system_first": (
        chat({"role": "system", "content": "s"}, HI),
        chat(HI, {"role": "system", "content": "s"}),
        "Invalid params: system message must be the first message",
    ),
    "call_without_result": (
        chat(HI, CALL, RESULT, CALL, RESULT, functions=[F]),
        chat(HI, CALL, HI, functions=[F]),
        "Invalid params: every assistant function call must have a result in history",
    ),
    "result_without_call": (
        chat(HI, CALL, RESULT, HI, functions=[F]),
        chat(HI, CALL, RESULT, RESULT, functions=[F]),
        "Invalid params: every assistant function result must have an assistant function call in history",
    ),
    "result_json": (
        chat(HI, CALL, {**RESULT, "content": '"text"'}, functions=[F]),
        chat(HI, CALL, {**RESULT, "content": "sunny"}, functions=[F]),
        "invalid function result for function f json string `sunny`, error: JSON parse error at line 1 column 1",
    ),
    "assistant_last": (
        chat(HI, {"role": "assistant", "content": "a"}, HI),
        chat(HI, {"role": "assistant", "content": "a"}),
        "Invalid params: the last message must not be from assistant",
    ),
    "undefined_functions": (
        chat(HI, CALL, RESULT, functions=[F]),
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
        chat({**HI, "content": "word " * 40}, model="Tiny"),
        chat({**HI, "content": "word " * 80}, model="Tiny"),
        "Tokens limit exceeded: 90 tokens (max 60)",
    ),
}

# Further requests that a rule refuses: the same row, another way to break it.
MORE: list[tuple[str, object]] = [
    ("json", b'{"a":"\xff"}'),
    ("json", b'{"a":NaN}'),
    ("json", b"{'a':1}"),
    ("json", b""),
    ("json", b"[" * 100_000),
    ("json", b'{"a":' * 101 + b"1" + b"}" * 101),
    ("body_shape", []),
    ("body_shape", {"model": "GigaChat"}),
    ("body_shape", {"messages": [HI]}),
    ("body_shape", chat(stream=None)),
    ("body_shape", chat(max_tokens=1.5)),
    ("body_shape", chat(temperature=True)),
    ("body_shape", structured(schema={})),
    ("message_shape", chat("Hi")),
    ("message_shape", chat(HI, {**CALL, "content": None}, RESULT, functions=[F])),
    ("message_shape", chat(HI, {"role": "assistant"}, HI)),
    ("message_shape", chat(HI, {**CALL, "function_call": {"name": "f", "arguments": "{}"}}, RESULT, functions=[F])),
    ("message_shape", chat({**HI, "attachments": [{"id": "i0"}]})),
    ("role", chat(HI, CALL, {**RESULT, "role": "tool"}, functions=[F])),
    ("function_shape", chat(functions=["f"])),
    ("function_shape", tool(name=None)),
    ("function_shape", tool(description=None)),
    ("function_call_shape", chat(functions=[F], function_call="required")),
    ("function_call_shape", chat(functions=[F], function_call={"type": "function"})),
    ("function_call_shape", chat(functions=[F], function_call={"name": "f", "partial_arguments": "{}"})),
    ("format_schema", structured(type="json_schema", schema={})),
    ("model", chat(model="Embeddings")),
    ("unknown_field", chat(tools=[])),
    ("unknown_field", chat({**HI, "tool_call_id": "x"})),
    ("unknown_field", tool(strict=True)),
    ("unknown_field", structured(type="json_schema", schema=OBJECT, json_schema={})),
    ("unknown_field", chat(HI, {**CALL, "function_call": {"name": "f", "arguments": {}, "id": "x"}}, RESULT)),
    ("temperature", chat(temperature=-0.5)),
    ("format_reference", structured(type="json_schema", schema={"items": [{"$dynamicRef": "#a"}]})),
    ("schema_invalid", schema({"type": "integer", "minimum": "1"})),
    ("top_p", chat(top_p=-0.1)),
    ("max_tokens", chat(max_tokens=0)),
    ("function_name", tool(name="my tool")),
    ("function_name", tool(name="погода")),
    ("function_name", tool(name="")),
    ("reserved_name", tool(name="text2image")),
    ("schema_field_missing", tool(parameters={"type": "object"})),
    ("schema_field_missing", tool(parameters={"properties": {}})),
    ("schema_field_missing", schema({"description": "no type"})),
    ("schema_field_missing", schema({"type": "array"})),
    ("schema_field_missing", schema({"type": "array", "items": {}})),
    ("schema_field_missing", schema({"type": "array", "items": {"type": "object"}})),
    *(
        ("schema_keyword", schema({"type": "string", keyword: value}))
        for keyword, value in {
            "anyOf": [{"type": "string"}],
            "oneOf": [{"type": "string"}],
            "allOf": [{"type": "string"}],
            "$ref": "#",
            "const": "a",
            "default": "a",
            "examples": ["a"],
            "not": {},
        }.items()
    ),
    *(
        ("schema_keyword", tool(parameters={"type": "object", "properties": {}, keyword: value}))
        for keyword, value in {
            "additionalProperties": False,
            "$schema": "s",
            "$id": "i",
            "$defs": {},
            "definitions": {},
            "patternProperties": {},
            "unevaluatedProperties": False,
            "dependentRequired": {},
            "propertyNames": {},
        }.items()
    ),
    ("schema_type", schema("string")),
    ("schema_type", schema(True)),
    ("schema_enum", schema({"type": "string", "enum": ["a", None]})),
    ("schema_enum", schema({"type": "string", "enum": []})),
    ("schema_enum", schema({"type": "string", "enum": ["a", "a"]})),
    ("schema_required", tool(parameters={"type": "object", "properties": {}, "required": ["a"]})),
    ("system_first", chat({"role": "system", "content": "s"}, {"role": "system", "content": "t"}, HI)),
    ("misplaced_key", chat({"role": "system", "content": "s", "attachments": ["t0"]}, HI)),
    ("misplaced_key", chat({**HI, "name": "ann"})),
    ("misplaced_key", chat({**HI, "function_call": {"name": "f", "arguments": {}}}, functions=[F])),
    ("call_without_result", chat(HI, CALL, functions=[F])),
    ("call_without_result", chat(HI, CALL, CALL, RESULT, functions=[F])),
    ("result_without_call", chat(RESULT, functions=[F])),
    ("result_without_call", chat(HI, CALL, {**RESULT, "name": "g"}, functions=[F])),
    ("result_json", chat(HI, CALL, {**RESULT, "content": ""}, functions=[F])),
    ("undefined_functions", chat(HI, CALL, RESULT, functions=[{**F, "name": "g"}])),
]
