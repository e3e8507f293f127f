"""Gemini: what becomes of every field of a `generateContent` request, in both spellings."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming
from gigamost.core.messages import Message, Text
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    AutoTool,
    Builtin,
    ChatRequest,
    Function,
    JsonSchema,
    NoTool,
    OneBuiltin,
    OneTool,
    PlainText,
)
from gigamost.protocols.gemini import Exchange, encode_error, wire
from gigamost.protocols.gemini.rules import CONFIG_RULES, RULES, TOP_RULES

HI: Any = [{"role": "user", "parts": [{"text": "hi"}]}]
SCHEMA: Any = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
WEATHER: Any = {"name": "weather", "description": "Says the weather", "parameters": SCHEMA}
FUNCTION = Function("weather", "Says the weather", SCHEMA)
TIME = Function("time")
TOOLS: Any = [{"functionDeclarations": [WEATHER, {"name": "time"}]}]


def read(body: Any, *, stream: bool = False) -> ChatRequest:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Exchange(Incoming(data, {"model": "gemini-2.5-pro"}, {}, {}), stream=stream).request


def decoded(**fields: Any) -> ChatRequest:
    """Fields of `generationConfig` are written with its name before them."""
    return read(body_of(**fields))


def body_of(**fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"contents": HI}
    for name, value in fields.items():
        outer, _, inner = name.partition(".")
        if inner:
            body.setdefault(outer, {})[inner] = value
        else:
            body[outer] = value
    return body


def refusal(body: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        read(body)
    assert caught.value.problem.status == 400
    return caught.value.problem


def config(name: str) -> str:
    return f"generationConfig.{name}"


# field -> (what is sent, where it must be found, as what); other fields that it needs beside it are in BESIDE.
HONOURED: dict[str, tuple[Any, Callable[[ChatRequest], Any], Any]] = {
    "model": ("models/other", lambda asked: asked.model, "gemini-2.5-pro"),
    "contents": (HI, lambda asked: asked.messages, (Message("user", (Text("hi"),)),)),
    "systemInstruction": ("be kind", lambda asked: asked.messages[0], Message("system", (Text("be kind"),))),
    "tools": (TOOLS, lambda asked: asked.tools, (FUNCTION, TIME)),
    "toolConfig": ({"functionCallingConfig": {"mode": "ANY"}}, lambda asked: asked.tool_choice, AnyTool()),
    "generationConfig": ({"temperature": 1}, lambda asked: asked.temperature, 1),
    config("temperature"): (0.3, lambda asked: asked.temperature, 0.3),
    config("topP"): (0.5, lambda asked: asked.top_p, 0.5),
    config("maxOutputTokens"): (7, lambda asked: asked.max_tokens, 7),
    config("stopSequences"): (["a", "", "b"], lambda asked: asked.stop, ("a", "b")),
    config("responseMimeType"): ("application/json", lambda asked: asked.format, AnyJson()),
    config("responseSchema"): (SCHEMA, lambda asked: asked.format, JsonSchema(SCHEMA, strict=True)),
    config("responseJsonSchema"): (
        {"type": "object"},
        lambda asked: asked.format,
        JsonSchema({"type": "object"}, strict=True),
    ),
    config("responseModalities"): (
        ["TEXT", "IMAGE"],
        lambda asked: asked.builtins,
        (Builtin("image_generation", "generationConfig.responseModalities"),),
    ),
    config("thinkingConfig"): ({"thinkingLevel": "HIGH"}, lambda asked: asked.effort, "high"),
}
BESIDE: dict[str, Any] = {"toolConfig": {"tools": TOOLS}}
# field -> (a value that is listed, values that change nothing and are not)
IGNORED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "safetySettings": ([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}], ([],)),
    "labels": ({"team": "a_b"}, ({},)),
    "serviceTier": ("flex", ("standard", "unspecified")),
    "store": (True, (False,)),
    "modelArmorConfig": ({"promptTemplateName": "x"}, ({},)),
    "outputConfig": ({"outputUriPrefix": "gs://x"}, ({},)),
    config("topK"): (40, ()),
    config("seed"): (7, ()),
    config("presencePenalty"): (1.5, (0,)),
    config("frequencyPenalty"): (-2, (0,)),
    config("imageConfig"): ({"aspectRatio": "1:1"}, ({},)),
    config("mediaResolution"): ("MEDIA_RESOLUTION_LOW", ("MEDIA_RESOLUTION_UNSPECIFIED",)),
    config("audioTimestamp"): (True, (False,)),
    config("audioTranscriptionConfig"): ({"languageCodes": ["ru"]}, ({},)),
    config("translationConfig"): ({"targetLanguageCode": "ru"}, ({},)),
    config("routingConfig"): ({"manualMode": {"modelName": "x"}}, ({},)),
    config("modelSelectionConfig"): ({"featureSelectionPreference": "BALANCED"}, ({},)),
    config("modelConfig"): ({"featureSelectionPreference": "BALANCED"}, ({},)),
    config("enableAffectiveDialog"): (True, (False,)),
    config("enableEnhancedCivicAnswers"): (True, (False,)),
}
# field -> (a value that is refused, values that ask for nothing)
REFUSED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cachedContent": ("cachedContents/x", ()),
    "continuationToken": ("abc", ()),
    config("candidateCount"): (2, (1,)),
    config("responseLogprobs"): (True, (False,)),
    config("logprobs"): (3, (0,)),
    config("speechConfig"): ({"languageCode": "ru"}, ()),
    config("responseFormat"): ([{"text": {"mimeType": "text/plain"}}], ([], {})),
}


def fields_of(shape: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(shape)}


def test_every_field_has_a_rule_and_every_rule_a_field_and_a_test() -> None:
    assert fields_of(wire.GenerateContent) == set(TOP_RULES)
    assert fields_of(wire.GenerationConfig) == set(CONFIG_RULES)
    fates = {name: rule.fate for name, rule in RULES.items()}
    assert {name for name, fate in fates.items() if fate in ("exact", "emulated")} == set(HONOURED)
    assert {name for name, fate in fates.items() if fate == "ignored"} == set(IGNORED)
    assert {name for name, fate in fates.items() if fate == "refused"} == set(REFUSED)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (types.GenerationConfig, wire.GenerationConfig),
        (types.Part, wire.Part),
        (types.Blob, wire.Blob),
        (types.FileData, wire.FileData),
        (types.FunctionCall, wire.FunctionCall),
        (types.FunctionResponse, wire.FunctionResponse),
        (types.ExecutableCode, wire.ExecutableCode),
        (types.CodeExecutionResult, wire.CodeExecutionResult),
        (types.Tool, wire.Tool),
        (types.FunctionDeclaration, wire.FunctionDeclaration),
        (types.ToolConfig, wire.ToolConfig),
        (types.FunctionCallingConfig, wire.FunctionCallingConfig),
        (types.ThinkingConfig, wire.ThinkingConfig),
    ],
)
def test_no_field_of_googles_own_types_is_missed(theirs: Any, ours: type[msgspec.Struct]) -> None:
    assert {field.alias for field in theirs.model_fields.values()} <= fields_of(ours)


@pytest.mark.parametrize("name", HONOURED)
def test_an_honoured_field_arrives(name: str) -> None:
    value, find, expected = HONOURED[name]
    asked = decoded(**{**BESIDE.get(name, {}), name: value})
    assert find(asked) == expected
    assert asked.ignored == ()


@pytest.mark.parametrize("name", IGNORED)
def test_an_ignored_field_is_listed_unless_it_changes_nothing(name: str) -> None:
    value, neutral = IGNORED[name]
    plain = decoded()
    asked = decoded(**{name: value})
    assert asked.ignored == (name,)
    assert msgspec.structs.replace(asked, ignored=()) == plain
    for harmless in (*neutral, None):
        assert decoded(**{name: harmless}) == plain


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_field_is_a_400_that_says_what_to_do(name: str) -> None:
    value, neutral = REFUSED[name]
    problem = refusal(body_of(**{name: value}))
    assert (problem.param, problem.code) == (name, "unsupported_parameter")
    assert problem.message == f"{name} is not supported: {RULES[name].note}"
    for harmless in (*neutral, None):
        assert decoded(**{name: harmless}) == decoded()


@pytest.mark.parametrize("name", [name for name in RULES if name != "contents"])
def test_null_is_the_same_as_leaving_out(name: str) -> None:
    assert decoded(**{name: None}) == decoded()


def test_fields_that_nobody_knows_are_listed_as_written() -> None:
    asked = decoded(top_thing=1, **{config("newThing"): 2, config("old_thing"): 3})
    assert asked.ignored == ("top_thing", "generationConfig.newThing", "generationConfig.old_thing")


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("name", HONOURED)
def test_snake_case_is_the_same(name: str) -> None:
    value, find, expected = HONOURED[name]
    if name == "toolConfig":
        value = {"function_calling_config": {"mode": "any"}}
    body = {
        snake(outer): {snake(inner): item for inner, item in given.items()} if outer == "generationConfig" else given
        for outer, given in body_of(**{**BESIDE.get(name, {}), name: value}).items()
    }
    asked = read(body)
    if name == config("responseModalities"):
        expected = (Builtin("image_generation", "generation_config.response_modalities"),)
    assert find(asked) == expected


def test_what_is_said_to_the_client_is_spelled_as_it_wrote_it() -> None:
    body = {
        "contents": HI,
        "safety_settings": [{}],
        "tools": [{"google_maps": {}, "google_search": {}}],
        "generation_config": {"top_k": 5, "seed": 1, "max_output_tokens": 3, "thinking_config": {"thinking_budget": 9}},
    }
    asked = read(body)
    assert asked.ignored == (
        "safety_settings",
        "tools.google_maps",
        "generation_config.top_k",
        "generation_config.seed",
    )
    assert asked.builtins == (Builtin("web_search", "tools.google_search"),)
    assert asked.spelled["max_tokens"] == "generation_config.max_output_tokens"
    assert asked.spelled["effort"] == "generation_config.thinking_config.thinking_budget"
    problem = refusal({"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "?"}}]}]})
    assert problem.param == "contents[0].parts[0].inline_data.data"
    assert problem.message.startswith("contents[0].parts[0].inline_data.data is")


def test_what_is_the_clients_own_keeps_its_names() -> None:
    """In one body both spellings: arguments, results, schemas and labels are data, not names of the wire."""
    own = {"inline_data": 1, "mimeType": {"file_uri": [{"function_call": 2}]}}
    schema = {"type": "object", "properties": {"inline_data": {"type": "string"}, "mimeType": {"type": "string"}}}
    body = {
        "system_instruction": {"parts": {"text": "be kind"}},
        "contents": [
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": own, "id": "1"}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": own, "id": "1"}}]},
        ],
        "tools": [
            {"function_declarations": [{"name": "f", "parameters_json_schema": schema}]},
            {"functionDeclarations": [{"name": "g", "parameters": schema}]},
        ],
        "generationConfig": {"response_json_schema": schema, "responseMimeType": "application/json"},
    }
    asked = read(body)
    call, result = asked.messages[1].parts[0], asked.messages[2].parts[0]
    assert json.loads(call.arguments) == own  # type: ignore[union-attr]  # a ToolCall, or it fails
    assert json.loads(result.content[0].text) == own  # type: ignore[union-attr]  # a ToolResult, or it fails
    assert [tool.parameters for tool in asked.tools] == [schema, schema]
    assert asked.format == JsonSchema(schema, strict=True)
    assert asked.messages[0] == Message("system", (Text("be kind"),))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": ""}, "contents"),
        ({"contents": None}, "contents"),
        ({"contents": 5}, "contents"),
        ({"contents": [{"role": "robot", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{}]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"newData": {}}]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": "x"}]}, "contents[0].parts"),
        (
            {"contents": HI, "systemInstruction": {"parts": [{"inlineData": {"data": "eA=="}}]}},
            "systemInstruction.parts[0]",
        ),
        ({"contents": HI, "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        (
            {"contents": HI, "tools": [*TOOLS, {"functionDeclarations": [{"name": "weather"}]}]},
            "tools[1].functionDeclarations[0]",
        ),
        (
            {"contents": HI, "tools": {"functionDeclarations": [{"name": "f", "parametersJsonSchema": 5}]}},
            "tools.functionDeclarations[0].parametersJsonSchema",
        ),
        (
            {"contents": HI, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            {"contents": HI, "tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            {
                "contents": HI,
                "tools": TOOLS,
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}},
            },
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
        (body_of(generationConfig=[]), "generationConfig"),
        *(
            (body_of(**{config(name): value}), config(name))
            for name, value in {
                "temperature": 2.1,
                "topP": -0.1,
                "maxOutputTokens": 0,
                "stopSequences": ["a"] * 6,
                "presencePenalty": 3,
                "responseMimeType": "application/xml",
                "responseModalities": ["TEXT", "AUDIO"],
                "responseJsonSchema": True,
                "responseSchema": "x",
            }.items()
        ),
        (
            body_of(**{config("thinkingConfig"): {"thinkingBudget": -2}}),
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        (
            body_of(**{config("thinkingConfig"): {"thinkingLevel": "TOTAL"}}),
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (body_of(**{config("responseMimeType"): "text/x.enum"}), "generationConfig.responseSchema"),
        (
            body_of(**{config("responseMimeType"): "text/plain", config("responseSchema"): SCHEMA}),
            "generationConfig.responseSchema",
        ),
    ],
)
def test_a_wrong_value_is_a_400_that_names_its_place(body: Any, param: str) -> None:
    problem = refusal(body)
    assert problem.param == param
    assert problem.message.startswith(param)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"{}{}", b"[" * 100_000, b'{"top_k":' * 100_000])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    assert "request body" in refusal(body).message


@pytest.mark.parametrize("name", ["systemInstruction", "system_instruction"])
def test_lone_surrogates_are_replaced_in_both_spellings(name: str) -> None:
    body = rb'{"%b":"\ud800","contents":"\ud83d\ude00 \uDC00"}' % name.encode()
    assert [message.parts for message in read(body).messages] == [
        (Text("\ufffd"),),
        (Text("\N{GRINNING FACE} \ufffd"),),
    ]


@pytest.mark.parametrize(
    ("calling", "tools", "choice"),
    [
        ({}, (FUNCTION, TIME), AutoTool()),
        ({"mode": "MODE_UNSPECIFIED"}, (FUNCTION, TIME), AutoTool()),
        ({"mode": "auto"}, (FUNCTION, TIME), AutoTool()),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["time"]}, (TIME,), AutoTool()),
        ({"mode": "NONE"}, (FUNCTION, TIME), NoTool()),
        ({"mode": "ANY"}, (FUNCTION, TIME), AnyTool()),
        ({"mode": "ANY", "allowedFunctionNames": ["time"]}, (FUNCTION, TIME), OneTool("time")),
        ({"mode": "ANY", "allowedFunctionNames": ["time", "weather"]}, (FUNCTION, TIME), AnyTool()),
    ],
)
def test_function_calling_config(calling: Any, tools: Any, choice: Any) -> None:
    asked = decoded(tools=TOOLS, toolConfig={"functionCallingConfig": calling})
    assert (asked.tools, asked.tool_choice) == (tools, choice)


def test_the_same_tools_are_the_same_object() -> None:
    """Caches further down work by identity."""
    calling = {"functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["time"]}}
    for fields in ({"tools": TOOLS}, {"tools": TOOLS, "toolConfig": calling}):
        assert decoded(**fields).tools is decoded(**fields).tools
    snake_case = {"contents": HI, "tools": [{"function_declarations": [WEATHER]}]}
    assert read(snake_case).tools is read(snake_case).tools


def test_tools_of_every_kind() -> None:
    tools = [
        {"googleSearch": {}, "urlContext": {}},
        {"googleSearchRetrieval": {"dynamicRetrievalConfig": {}}},
        {"codeExecution": {}},
        {"googleMaps": {}},
        {"computerUse": {}, "fileSearch": {}, "mcpServers": [{}]},
        {"somethingNew": {}},
        {"functionDeclarations": [{"name": "time", "behavior": "NON_BLOCKING", "response": {}}]},
    ]
    asked = decoded(tools=tools)
    assert asked.builtins == (
        Builtin("web_search", "tools.googleSearch"),
        Builtin("web_fetch", "tools.urlContext"),
        Builtin("code_interpreter", "tools.codeExecution"),
    )
    assert asked.ignored == (
        "tools.googleMaps",
        "tools.computerUse",
        "tools.fileSearch",
        "tools.mcpServers",
        "tools[5]",
        "tools.functionDeclarations.response",
        "tools.functionDeclarations.behavior",
    )
    assert asked.tools == (TIME,)


def test_googles_schema_becomes_json_schema() -> None:
    given = {
        "type": "OBJECT",
        "property_ordering": ["b", "a"],
        "properties": {
            "a": {"any_of": [{"type": "STRING", "max_length": "5"}, {"ref": "#/defs/Pet"}]},
            "b": {"type": "ARRAY", "items": {"type": "STRING", "nullable": True}, "minItems": 1},
            "any_of": {"type": "STRING"},
        },
        "defs": {"Pet": {"type": "OBJECT", "properties": {"ref": {"type": "STRING"}}}},
    }
    (tool,) = decoded(tools=[{"functionDeclarations": [{"name": "f", "parameters": given}]}]).tools
    assert tool.parameters == {
        "type": "OBJECT",
        "properties": {
            "b": {"type": "ARRAY", "items": {"type": "STRING", "nullable": True}, "minItems": 1},
            "a": {"anyOf": [{"type": "STRING", "maxLength": "5"}, {"$ref": "#/$defs/Pet"}]},
            "any_of": {"type": "STRING"},
        },
        "$defs": {"Pet": {"type": "OBJECT", "properties": {"ref": {"type": "STRING"}}}},
    }
    assert tool.parameters is not None
    assert list(tool.parameters["properties"]) == ["b", "a", "any_of"]


ARRAY: Any = {"type": "array", "items": {"$ref": "#/$defs/P"}, "$defs": {"P": {"type": "object"}}}
ENUM: Any = {"type": "STRING", "enum": ["red", "blue"]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PlainText()),
        ({"responseMimeType": "text/plain"}, PlainText()),
        ({"responseMimeType": "application/json", "responseJsonSchema": {}}, AnyJson()),
        ({"responseMimeType": "application/json", "responseSchema": SCHEMA}, JsonSchema(SCHEMA, strict=True)),
        (
            {"responseMimeType": "application/json", "responseJsonSchema": ARRAY},
            JsonSchema(
                {
                    "$defs": {"P": {"type": "object"}},
                    "type": "object",
                    "properties": {"value": {"type": "array", "items": {"$ref": "#/$defs/P"}}},
                    "required": ["value"],
                },
                strict=True,
            ),
        ),
        (
            {"responseMimeType": "text/x.enum", "responseSchema": ENUM},
            JsonSchema({"type": "object", "properties": {"value": ENUM}, "required": ["value"]}, strict=True),
        ),
    ],
)
def test_the_form_of_the_answer(fields: Any, expected: Any) -> None:
    assert decoded(**{config(name): value for name, value in fields.items()}).format == expected


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ({}, None),
        ({"includeThoughts": True, "thinkingBudget": -1}, None),
        ({"thinkingBudget": 0}, "none"),
        ({"thinkingBudget": 1024}, "low"),
        ({"thinkingBudget": 8192}, "medium"),
        ({"thinkingBudget": 32768}, "high"),
        ({"thinkingLevel": "low"}, "low"),
        ({"thinkingLevel": "MINIMAL", "thinkingBudget": 9999}, "minimal"),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED", "thinkingBudget": 1}, "low"),
    ],
)
def test_thinking_is_effort(thinking: Any, effort: Any) -> None:
    assert decoded(**{config("thinkingConfig"): thinking}).effort == effort


def test_a_picture_alone_must_be_drawn() -> None:
    asked = decoded(**{config("responseModalities"): ["IMAGE"]})
    assert asked.tool_choice == OneBuiltin("image_generation")
    assert decoded(**{config("responseModalities"): ["text"]}) == decoded()


def test_the_path_says_whether_it_streams() -> None:
    assert (read({"contents": "hi"}).stream, read({"contents": "hi"}, stream=True).stream) == (False, True)


# ---- whatever comes

WORDS = st.sampled_from(
    [
        *wire.Part.__struct_encode_fields__,
        *wire.Tool.__struct_fields__,
        *wire.GenerateContent.__struct_encode_fields__,
        *wire.GenerateContent.__struct_fields__,
        *wire.GenerationConfig.__struct_encode_fields__,
        "parts",
        "role",
        "name",
        "functionDeclarations",
        "parameters",
        "properties",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("\ud800")
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=5),
    max_leaves=25,
)
WHOLE: Any = {
    "systemInstruction": {"parts": [{"text": "x"}]},
    "contents": [
        *HI,
        {"role": "model", "parts": [{"text": "t", "thought": True}, {"functionCall": {"name": "f", "args": {"a": 1}}}]},
        {
            "parts": [
                {"functionResponse": {"name": "f", "response": {"b": 2}, "parts": [{"inlineData": {"data": "eA"}}]}}
            ]
        },
        {"parts": [{"fileData": {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}}]},
    ],
    "tools": TOOLS,
    "tool_config": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
    "generation_config": {"responseSchema": SCHEMA, "thinkingConfig": {"thinkingBudget": 1}, "stopSequences": ["x"]},
}


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


def check(body: bytes) -> None:
    try:
        read(body)
    except GatewayError as error:
        problem = error.problem
        assert problem.status == 400
        assert json.loads(encode_error(problem, "r"))["error"]["status"] == "INVALID_ARGUMENT"


def written(body: Any, *, ascii_only: bool) -> bytes:
    return json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None)
@given(JSON, st.booleans())
def test_any_json_is_read_or_refused(body: Any, ascii_only: bool) -> None:
    check(written(body, ascii_only=ascii_only))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(places(WHOLE)), JSON, st.booleans())
def test_a_damaged_body_is_read_or_refused(place: tuple[Any, ...], value: Any, ascii_only: bool) -> None:
    check(written(replaced(WHOLE, place, value), ascii_only=ascii_only))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    check(body)


def test_the_whole_body_of_the_fuzzing_is_good() -> None:
    assert read(WHOLE).ignored == ()


@pytest.mark.parametrize("levels", [100, 300, 2000])
def test_a_schema_that_is_nested_without_end_is_no_crash(levels: int) -> None:
    node = '{"type":"OBJECT","properties":{"any_of":' * levels + "{}" + "}}" * levels
    for name in ("functionDeclarations", "function_declarations"):
        check(f'{{"contents":"hi","tools":[{{"{name}":[{{"name":"f","parameters":{node}}}]}}]}}'.encode())
