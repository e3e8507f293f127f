"""Converse, server role: what becomes of every field of a request, by botocore's own model of the service."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # AWS gives it no types
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming
from gigamost.core.messages import (
    BuiltinCall,
    Citation,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from gigamost.core.request import AnyTool, AutoTool, Builtin, ChatRequest, Function, JsonSchema, OneTool, PlainText
from gigamost.protocols.bedrock_converse import CountExchange, Exchange, additional, wire
from gigamost.protocols.bedrock_converse.request import model_of
from gigamost.protocols.bedrock_converse.rules import ADDITIONAL, INFERENCE, INNER, RULES

SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}}
SPEC: Any = {"name": "weather", "description": "Says the weather", "inputSchema": {"json": SCHEMA}, "strict": True}
FUNCTION = Function("weather", "Says the weather", SCHEMA, strict=True)
TOOLS: Any = {"tools": [{"toolSpec": SPEC}]}
DATA = base64.b64encode(b"data").decode()
S3: Any = {"s3Location": {"uri": "s3://bucket/key"}}


def incoming(body: bytes, model: str = "m") -> Incoming:
    return Incoming(body, {"model": model}, {}, {})


def exchange(*content: Any, role: str = "user", **fields: Any) -> Exchange:
    messages = fields.pop("messages", [{"role": role, "content": list(content) or [{"text": "hi"}]}])
    return Exchange(incoming(msgspec.json.encode({"messages": messages, **fields})), stream=False)


def decoded(*content: Any, **fields: Any) -> ChatRequest:
    return exchange(*content, **fields).request


def refusal(*content: Any, **fields: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        exchange(*content, **fields)
    assert caught.value.problem.status == 400
    return caught.value.problem


# The wire against botocore's model

# Shapes of one form share a Struct; documents and unions of nothing but raw JSON are JsonObject.
SHARED: dict[str, type[msgspec.Struct]] = {
    "ImageSource": wire.BytesSource,
    "VideoSource": wire.BytesSource,
    "AudioSource": wire.BytesSource,
    "GuardrailConverseImageSource": wire.BytesSource,
    "CountTokensRequest": wire.CountTokens,
}
RAW = {
    "AutoToolChoice",
    "AnyToolChoice",
    "GuardrailStreamConfiguration",
    "PromptVariableValues",
    "InvokeModelTokensRequest",
    "DocumentCharLocation",
    "DocumentPageLocation",
    "DocumentChunkLocation",
    "SearchResultLocation",
}
BODIES: dict[str, type[msgspec.Struct]] = {
    "ConverseStreamRequest": wire.Converse,
    "ConverseTokensRequest": wire.Converse,
}


def shapes(shape: Any, seen: set[str]) -> Iterator[Any]:
    """Every structure inside, once; a JSON document is the client's own."""
    if shape.type_name in ("list", "map"):
        yield from shapes(shape.member if shape.type_name == "list" else shape.value, seen)
    elif shape.type_name == "structure" and shape.name not in seen and not shape.is_document_type:
        seen.add(shape.name)
        yield shape
        for member in shape.members.values():
            yield from shapes(member, seen)


def reached() -> Mapping[str, Any]:
    seen: set[str] = set()
    operations = ("ConverseStream", "CountTokens")
    inputs = [SERVICE.operation_model(name).input_shape for name in operations]
    return {shape.name: shape for given in inputs for shape in shapes(given, seen)}


SHAPES = reached()


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - RAW))
def test_the_wire_has_every_member_of_every_shape(name: str) -> None:
    struct: type[msgspec.Struct] = BODIES.get(name) or SHARED.get(name) or getattr(wire, name)
    ours = {field.encode_name for field in msgspec.structs.fields(struct)}
    theirs = {member for member, shape in SHAPES[name].members.items() if shape.serialization.get("location") != "uri"}
    assert theirs <= ours
    if name not in SHARED and name != "ConverseTokensRequest":
        assert ours == theirs


def test_every_field_has_a_rule() -> None:
    assert RULES.keys() == {field.encode_name for field in msgspec.structs.fields(wire.Converse)}
    assert INFERENCE.keys() == SHAPES["InferenceConfiguration"].members.keys()
    assert ADDITIONAL.keys() == {field.encode_name for field in msgspec.structs.fields(additional.Additional)}


@pytest.mark.parametrize("path", INNER)
def test_every_inner_row_is_about_a_field_that_exists(path: str) -> None:
    shape = SERVICE.operation_model("Converse").input_shape
    for name in path.split("."):
        while shape.type_name == "list":
            shape = shape.member
        shape = shape.members[name]


# Fields of the body

HONOURED: dict[str, tuple[Any, Callable[[ChatRequest], Any], Any]] = {
    "system": (
        [{"text": "Be brief"}, {"guardContent": {"text": {"text": "!"}}}, {"cachePoint": {"type": "default"}}],
        lambda request: request.messages[0],
        Message("system", (Text("Be brief"), Text("!"))),
    ),
    "toolConfig": (TOOLS, lambda request: (request.tools, request.tool_choice), ((FUNCTION,), AutoTool())),
    "outputConfig": ({"effort": "max"}, lambda request: request.effort, "xhigh"),
}
IN_INFERENCE: dict[str, tuple[Any, Callable[[ChatRequest], Any], Any]] = {
    "maxTokens": (7, lambda request: request.max_tokens, 7),
    "temperature": (0.3, lambda request: request.temperature, 0.3),
    "topP": (0.5, lambda request: request.top_p, 0.5),
    "stopSequences": (["a", "", "b"], lambda request: request.stop, ("a", "b")),
}


def own(name: str) -> Callable[[ChatRequest], Any]:
    return lambda request: request.extra["gigachat"][name]


IN_ADDITIONAL: dict[str, tuple[Any, Callable[[ChatRequest], Any], Any]] = {
    "reasoning_effort": ("high", lambda request: request.effort, "high"),
    "output_config": ({"effort": "low"}, lambda request: request.effort, "low"),
    "thinking": ({"type": "enabled", "budget_tokens": 20_000}, lambda request: request.effort, "high"),
    "reasoning_config": ({"type": "enabled", "budget_tokens": 1024}, lambda request: request.effort, "low"),
    "reasoningConfig": (
        {"type": "enabled", "maxReasoningEffort": "medium"},
        lambda request: request.effort,
        "medium",
    ),
    "max_tokens": (7, lambda request: request.max_tokens, 7),
    "max_completion_tokens": (7, lambda request: request.max_tokens, 7),
    "temperature": (1.5, lambda request: request.temperature, 1.5),
    "top_p": (0.5, lambda request: request.top_p, 0.5),
    "stop": ("a", lambda request: request.stop, ("a",)),
    "stop_sequences": (["a"], lambda request: request.stop, ("a",)),
    "parallel_tool_calls": (False, lambda request: request.parallel_tool_calls, False),
    "tool_choice": (
        {"type": "auto", "disable_parallel_tool_use": True},
        lambda request: request.parallel_tool_calls,
        False,
    ),
    "repetition_penalty": (1.1, own("repetition_penalty"), 1.1),
    "update_interval": (0.5, own("update_interval"), 0.5),
    "profanity_check": (False, own("profanity_check"), False),
    "flags": (["preprocess"], own("flags"), ["preprocess"]),
    "function_ranker": ({"enabled": True, "top_n": 3}, own("function_ranker"), {"enabled": True, "top_n": 3}),
    "storage": ({"is_stateful": True}, own("storage"), {"is_stateful": True}),
}


@pytest.mark.parametrize("name", HONOURED)
def test_a_field_is_honoured(name: str) -> None:
    value, look, expected = HONOURED[name]
    request = decoded(**{name: value})
    assert look(request) == expected
    assert request.ignored == ()


@pytest.mark.parametrize(
    ("place", "name"),
    [*(("inferenceConfig", name) for name in IN_INFERENCE)]
    + [("additionalModelRequestFields", name) for name in IN_ADDITIONAL],
)
def test_an_inner_field_is_honoured(place: str, name: str) -> None:
    value, look, expected = {**IN_ADDITIONAL, **IN_INFERENCE}[name]
    request = decoded(**{place: {name: value}})
    assert look(request) == expected
    assert request.ignored == ()


def test_every_honoured_row_is_tested() -> None:
    def honoured(rules: Mapping[str, Any]) -> set[str]:
        return {name for name, rule in rules.items() if rule.fate in ("exact", "emulated")}

    elsewhere = {"messages", "inferenceConfig", "additionalModelRequestFields", "additionalModelResponseFieldPaths"}
    assert honoured(RULES) - elsewhere == HONOURED.keys()
    assert honoured(INFERENCE) == IN_INFERENCE.keys()
    assert honoured(ADDITIONAL) == IN_ADDITIONAL.keys()


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ({"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"}}, "guardrailConfig"),
        ({"requestMetadata": {"a": "b"}}, "requestMetadata"),
        ({"performanceConfig": {"latency": "optimized"}}, "performanceConfig"),
        ({"serviceTier": {"type": "flex"}}, "serviceTier"),
        ({"unheardOf": 1}, "unheardOf"),
        ({"inferenceConfig": {"topK": 1}}, "inferenceConfig.topK"),
        ({"additionalModelRequestFields": {"top_k": 1}}, "additionalModelRequestFields.top_k"),
        ({"additionalModelRequestFields": {"weird": 1}}, "additionalModelRequestFields.weird"),
        (
            {"additionalModelRequestFields": {"tool_choice": {"type": "any"}}},
            "additionalModelRequestFields.tool_choice.type",
        ),
        ({"additionalModelResponseFieldPaths": ["/thinking"]}, "additionalModelResponseFieldPaths./thinking"),
        ({"toolConfig": {"tools": [{"systemTool": {"name": "teleport"}}]}}, "toolConfig.tools.teleport"),
    ],
)
def test_what_is_ignored_is_listed(fields: Any, listed: str) -> None:
    assert decoded(**fields).ignored == (listed,)


@pytest.mark.parametrize(
    "fields",
    [
        {"guardrailConfig": {}},
        {"promptVariables": {}},
        {"performanceConfig": {"latency": "standard"}},
        {"serviceTier": {"type": "default"}},
        {"additionalModelRequestFields": None},
        {"additionalModelRequestFields": {"n": 1, "logprobs": False}},
    ],
)
def test_what_changes_nothing_is_not_listed(fields: Any) -> None:
    assert decoded(**fields).ignored == ()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"promptVariables": {"a": {"text": "b"}}}, "promptVariables"),
        ({"inferenceConfig": {"temperature": 1.1}}, "inferenceConfig.temperature"),
        ({"inferenceConfig": {"topP": -1}}, "inferenceConfig.topP"),
        ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens"),
        ({"inferenceConfig": []}, "inferenceConfig"),
        ({"additionalModelRequestFields": {"n": 2}}, "additionalModelRequestFields.n"),
        ({"additionalModelRequestFields": {"logprobs": True}}, "additionalModelRequestFields.logprobs"),
        ({"additionalModelRequestFields": {"flags": "x"}}, "additionalModelRequestFields.flags"),
        ({"additionalModelResponseFieldPaths": ["stop"]}, "additionalModelResponseFieldPaths[0]"),
        ({"outputConfig": {"effort": "huge"}}, "outputConfig.effort"),
        ({"outputConfig": {"textFormat": {"type": "xml"}}}, "outputConfig.textFormat.type"),
        (
            {"outputConfig": {"textFormat": {"type": "json_schema"}}},
            "outputConfig.textFormat.structure.jsonSchema.schema",
        ),
        (
            {"outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}},
            "outputConfig.textFormat.structure.jsonSchema.schema",
        ),
        ({"toolConfig": {"tools": [{}]}}, "toolConfig.tools[0]"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "a b"}}]}}, "toolConfig.tools[0].toolSpec.name"),
        ({"toolConfig": {"tools": [{"toolSpec": SPEC}, {"toolSpec": SPEC}]}}, "toolConfig.tools[1]"),
        ({"toolConfig": {**TOOLS, "toolChoice": {"tool": {"name": "x"}}}}, "toolConfig.toolChoice.tool.name"),
        ({"toolConfig": {"tools": [], "toolChoice": {"any": {}}}}, "toolConfig.toolChoice"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(fields: Any, param: str) -> None:
    assert refusal(**fields).param == param


def test_choices_of_tools() -> None:
    for choice, expected in ({"auto": {}}, AutoTool()), ({"any": {}}, AnyTool()), (None, AutoTool()):
        assert decoded(toolConfig={**TOOLS, "toolChoice": choice}).tool_choice == expected
    assert decoded(toolConfig={**TOOLS, "toolChoice": {"tool": {"name": "weather"}}}).tool_choice == OneTool("weather")


def test_the_same_tools_are_the_same_object() -> None:
    assert decoded(toolConfig=TOOLS).tools is decoded({"text": "other"}, toolConfig=TOOLS).tools


def test_system_tools_and_cache_points_among_the_tools() -> None:
    config = {"tools": [{"systemTool": {"name": "nova_grounding"}}, {"cachePoint": {"type": "default"}}]}
    request = decoded(toolConfig=config)
    assert request.builtins == (Builtin("web_search", "toolConfig.tools.nova_grounding"),)
    assert (request.tools, request.ignored) == ((), ())


def test_structured_output() -> None:
    def asked(**definition: Any) -> ChatRequest:
        structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), **definition}}
        return decoded(outputConfig={"textFormat": {"type": "json_schema", "structure": structure}})

    assert decoded().format == PlainText()
    assert asked().format == JsonSchema(SCHEMA, strict=True)
    named = asked(name="place", description="A place")
    assert named.format == JsonSchema({**SCHEMA, "description": "A place"}, "place", strict=True)
    assert named.ignored == ("outputConfig.textFormat.structure.jsonSchema.name",)


def test_a_field_of_converse_goes_before_the_models_own() -> None:
    request = decoded(
        inferenceConfig={"temperature": 0.1, "maxTokens": 5, "stopSequences": ["x"]},
        additionalModelRequestFields={"temperature": 0.9, "max_tokens": 6, "stop": "y"},
    )
    assert (request.temperature, request.max_tokens, request.stop) == (0.1, 5, ("x",))
    assert request.spelled["max_tokens"] == "inferenceConfig.maxTokens"
    other = decoded(additionalModelRequestFields={"max_tokens": 6, "thinking": {"type": "disabled"}})
    assert other.spelled["max_tokens"] == "additionalModelRequestFields.max_tokens"
    assert other.spelled["effort"] == "additionalModelRequestFields.thinking"
    assert other.effort == "none"


@pytest.mark.parametrize(
    ("identifier", "model"),
    [
        ("GigaChat-2-Max", "GigaChat-2-Max"),
        ("arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-x", "eu.anthropic.claude-x"),
        ("arn%3Aaws%3Abedrock%3Aeu-west-1%3A%3Afoundation-model%2Fgpt-4o", "gpt-4o"),
        ("org/model", "org/model"),
    ],
)
def test_the_model_of_an_identifier(identifier: str, model: str) -> None:
    assert model_of(identifier) == model


# Blocks

BLOCKS: dict[str, tuple[Any, tuple[Part, ...]]] = {
    "text": ({"text": "a"}, (Text("a"),)),
    "image": (
        {"image": {"format": "jpeg", "source": {"bytes": DATA}}},
        (Media("image", Inline(b"data"), "image/jpeg"),),
    ),
    "document": (
        {"document": {"format": "pdf", "name": "d", "source": {"bytes": DATA}}},
        (Media("document", Inline(b"data"), "application/pdf", "d"),),
    ),
    "document with context": (
        {"document": {"format": "pdf", "name": "d", "source": {"bytes": DATA}, "context": "old"}},
        (Text("[Document d: old]"), Media("document", Inline(b"data"), "application/pdf", "d")),
    ),
    "document of text": (
        {"document": {"name": "d", "source": {"text": "abc"}}},
        (Text("[Document d]\nabc"),),
    ),
    "document of parts": (
        {"document": {"name": "d", "source": {"content": [{"text": "a"}, {"text": "b"}]}}},
        (Text("[Document d]\na\nb"),),
    ),
    "video": (
        {"video": {"format": "mp4", "source": {"bytes": DATA}}},
        (Media("video", Inline(b"data"), "video/mp4"),),
    ),
    "audio": (
        {"audio": {"format": "mp3", "source": {"bytes": DATA}}},
        (Media("audio", Inline(b"data"), "audio/mp3"),),
    ),
    "guarded text": ({"guardContent": {"text": {"text": "a"}}}, (Text("a"),)),
    "guarded image": (
        {"guardContent": {"image": {"format": "png", "source": {"bytes": DATA}}}},
        (Media("image", Inline(b"data"), "image/png"),),
    ),
    "cache point": ({"cachePoint": {"type": "default", "ttl": "5m"}}, ()),
    "search result": (
        {"searchResult": {"source": "https://a", "title": "A", "content": [{"text": "x"}]}},
        (Text("[Search result A (https://a)]\nx"),),
    ),
    "failed image": ({"image": {"format": "png", "error": {"message": "no"}}}, (Text("[An image that failed: no]"),)),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_of_the_user(name: str) -> None:
    block, expected = BLOCKS[name]
    request = decoded(block)
    assert request.messages == (Message("user", expected),)
    assert request.ignored == ()


def test_blocks_of_the_assistant() -> None:
    request = decoded(
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"text": "a"},
        {"citationsContent": {"content": [{"text": "b"}], "citations": [{"location": {"web": {"url": "https://c"}}}]}},
        {"citationsContent": {"citations": [{"location": {"web": {"url": "https://c"}}}]}},
        {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Омск"}}},
        {"toolUse": {"toolUseId": "t2", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "t2", "content": [{"text": "found"}], "type": "nova_grounding_result"}},
        role="assistant",
    )
    assert request.messages[0].parts == (
        Reasoning("hm"),
        Text("a"),
        Text("b", (Citation("https://c", "", 0, 1),)),
        ToolCall("t1", "weather", '{"city":"Омск"}'),
        BuiltinCall("web_search", "t2", "found"),
    )
    assert request.ignored == ()


def test_results_of_tools_stand_in_a_message_of_their_own() -> None:
    content = [
        {"text": "a"},
        {"json": {"b": [1]}},
        {"json": None},
        {"image": {"format": "png", "source": {"bytes": DATA}}},
        {"document": {"name": "d", "source": {"text": "c"}}},
        {"searchResult": {"title": "T", "content": []}},
    ]
    results = [
        {"toolResult": {"toolUseId": "t1", "content": content}},
        {"toolResult": {"toolUseId": "t2", "content": [], "status": "error"}},
    ]
    request = decoded({"text": "before"}, *results, {"text": "after"})
    parts = (
        Text("a"),
        Text('{"b":[1]}'),
        Text("null"),
        Media("image", Inline(b"data"), "image/png"),
        Text("[Document d]\nc"),
        Text("[Search result T]"),
    )
    assert request.messages == (
        Message("tool", (ToolResult("t1", parts), ToolResult("t2", (), is_error=True))),
        Message("user", (Text("before"), Text("after"))),
    )


def test_tools_that_the_conversation_removes_and_adds() -> None:
    def said(*blocks: Any) -> Any:
        return [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "system", "content": list(blocks)},
        ]

    removal = {"toolRemoval": {"tool": {"name": "weather"}}}
    addition = {"toolAddition": {"tool": {"name": "weather"}}}
    removed = decoded(messages=said(removal), toolConfig=TOOLS)
    assert (removed.tools, len(removed.messages)) == ((), 1)
    assert decoded(messages=said(removal, addition, {"text": "again"}), toolConfig=TOOLS).tools == (FUNCTION,)


@pytest.mark.parametrize(
    ("block", "role", "listed"),
    [
        (
            {"reasoningContent": {"redactedContent": DATA}},
            "assistant",
            "messages.content.reasoningContent.redactedContent",
        ),
        (
            {"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}},
            "user",
            "messages.content.guardContent.text.qualifiers",
        ),
        (
            {"document": {"name": "d", "source": {"text": "a"}, "citations": {"enabled": True}}},
            "user",
            "messages.content.document.citations",
        ),
        (
            {"searchResult": {"source": "s", "title": "t", "content": [], "citations": {"enabled": True}}},
            "user",
            "messages.content.searchResult.citations",
        ),
    ],
)
def test_what_a_block_says_in_vain_is_listed_once(block: Any, role: str, listed: str) -> None:
    assert decoded(block, block, role=role).ignored == (listed,)
    assert listed in INNER


@pytest.mark.parametrize(
    ("block", "role", "place"),
    [
        ({}, "user", ""),
        ({"hologram": {}}, "user", ""),
        ({"text": "a", "cachePoint": {"type": "default"}}, "user", ""),
        ({"toolUse": {"toolUseId": "a", "name": "b"}}, "user", ""),
        ({"toolUse": {"toolUseId": "a"}}, "assistant", ".toolUse.name"),
        ({"toolResult": {"toolUseId": "a", "content": []}}, "assistant", ""),
        ({"toolResult": {"toolUseId": "a", "content": [{}]}}, "user", ".toolResult.content[0]"),
        ({"reasoningContent": {"reasoningText": {"text": "a"}}}, "user", ""),
        ({"toolRemoval": {"tool": {"name": "a"}}}, "user", ""),
        ({"image": {"format": "png"}}, "user", ".image.source.bytes"),
        ({"image": {"format": "png", "source": {"bytes": "?"}}}, "user", ".image.source.bytes"),
        ({"image": {"format": "png", "source": S3}}, "user", ".image.source.s3Location"),
        ({"document": {"name": "d", "source": S3}}, "user", ".document.source.s3Location"),
        ({"document": {"name": "d"}}, "user", ".document.source.bytes"),
        ({"audio": {"format": "mp3", "source": S3}}, "user", ".audio.source.s3Location"),
        ({"guardContent": {}}, "user", ".guardContent"),
        ({"image": {"format": "png", "source": {"bytes": DATA}}}, "system", ""),
        ({"text": 5}, "user", ".text"),
    ],
)
def test_a_block_that_cannot_be_is_refused_with_its_place(block: Any, role: str, place: str) -> None:
    assert refusal(block, role=role).param == f"messages[0].content[0]{place}"


# Counting


def counted(given: Any) -> ChatRequest:
    return CountExchange(incoming(msgspec.json.encode({"input": given}), "gpt-4o")).request


def test_what_is_counted() -> None:
    request = counted({"converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}], "toolConfig": TOOLS}})
    assert (request.model, request.messages, request.tools) == (
        "gpt-4o",
        (Message("user", (Text("hi"),)),),
        (FUNCTION,),
    )
    assert CountExchange(incoming(b'{"input":{"converse":{"messages":[{"role":"user"}]}}}')).encode(7) == (
        b'{"inputTokens":7}'
    )


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "input.converse"),
        ({"invokeModel": {"body": "e30="}}, "input.invokeModel"),
        ({"converse": {"messages": 5}}, "input.converse.messages"),
        ({"converse": 5}, "input.converse"),
    ],
)
def test_what_cannot_be_counted(given: Any, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        counted(given)
    assert caught.value.problem.param == param


# Nonsense

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
VALID: Any = {
    "messages": [
        {"role": "user", "content": [block for block, _ in BLOCKS.values()]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "weather", "input": {"a": 1}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": {"a": 1}}]}}]},
    ],
    "system": [{"text": "a"}],
    "inferenceConfig": {"maxTokens": 1, "temperature": 0.5, "topP": 1, "stopSequences": ["a"]},
    "toolConfig": {**TOOLS, "toolChoice": {"auto": {}}},
    "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1}, "storage": {"limit": 1}},
    "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    changed = value.copy()
    changed[at[0]] = put(value[at[0]], at[1:], new)
    return changed


def read(body: bytes) -> None:
    for made in (lambda: Exchange(incoming(body), stream=True), lambda: CountExchange(incoming(body))):
        with suppress(GatewayError):
            made()


@settings(max_examples=400)
@given(st.sampled_from(list(places(VALID))), json_values)
def test_a_changed_body_is_read_or_refused(at: tuple[Any, ...], value: Any) -> None:
    changed = put(VALID, at, value)
    for body in (changed, {"input": {"converse": changed}}, {"input": changed}):
        read(json.dumps(body).encode())


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    read(body)


def test_lone_surrogates_are_mended() -> None:
    said = rb'"messages":[{"role":"user","content":[{"text":"a\ud800b"}]}]'
    body = rb'{%b,"additionalModelRequestFields":{"stop":"\udc00"}}' % said
    request = Exchange(incoming(body), stream=False).request
    assert request.messages[0].parts == (Text("a�b"),)
    assert request.stop == ("�",)
