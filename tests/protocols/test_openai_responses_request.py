"""Responses, server role: what becomes of every field of a request."""

import json
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.response_compact_params import ResponseCompactParams
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming
from gigamost.core.fold import Reply
from gigamost.core.history import Refers
from gigamost.core.messages import Message, Reasoning, Text
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
from gigamost.core.usage import Usage
from gigamost.protocols.openai_responses import Compaction, Count, Exchange
from gigamost.protocols.openai_responses.rules import RULES
from gigamost.protocols.openai_responses.wire import Create

SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: Any = {"type": "function", "name": "weather", "description": "Says it", "parameters": SCHEMA, "strict": True}
FUNCTION = Function("weather", "Says it", SCHEMA, strict=True)
FORMAT: Any = {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True}
STAMP = Stamp("abc", 1700000000, "gpt-5")


def exchange(**fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "gpt-5", "input": "hi", **fields}))


def decoded(**fields: Any) -> ChatRequest:
    return exchange(**fields).request


def shown(**fields: Any) -> dict[str, Any]:
    """The response object, which repeats the request."""
    answered: dict[str, Any] = json.loads(exchange(**fields).encode(Reply((), "stop", Usage()), STAMP))
    return answered


def refusal(**fields: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        exchange(**fields)
    assert caught.value.problem.status == 400
    return caught.value.problem


def own(name: str) -> Callable[[Exchange], Any]:
    return lambda asked: asked.request.extra["gigachat"][name]


def echoed(name: str) -> Callable[[Exchange], Any]:
    return lambda asked: json.loads(asked.encode(Reply((), "stop", Usage()), STAMP))[name]


def thought(asked: Exchange) -> Any:
    return json.loads(asked.encode(Reply((Reasoning("hm"),), "stop", Usage()), STAMP))["output"][0]


# field -> (what is sent, where it must be found, as what); other fields that it needs beside it are in BESIDE.
HONOURED: dict[str, tuple[Any, Callable[[Exchange], Any], Any]] = {
    "background": (True, lambda asked: (asked.is_background, asked.request.stream), (True, True)),
    "model": ("o3", lambda asked: asked.request.model, "o3"),
    "input": ("ho", lambda asked: asked.request.messages, (Message("user", (Text("ho"),)),)),
    "conversation": ({"id": "conv_1"}, lambda asked: asked.refers, Refers(conversation="conv_1")),
    "include": (["reasoning.encrypted_content"], lambda asked: "encrypted_content" in thought(asked), True),
    "instructions": ("Be brief", lambda asked: asked.request.messages[0], Message("system", (Text("Be brief"),))),
    "max_output_tokens": (9, lambda asked: asked.request.max_tokens, 9),
    "metadata": ({"a": "b"}, echoed("metadata"), {"a": "b"}),
    "parallel_tool_calls": (False, lambda asked: asked.request.parallel_tool_calls, False),
    "previous_response_id": ("resp_1", lambda asked: asked.refers, Refers("resp_1")),
    "prompt_cache_key": ("key", echoed("prompt_cache_key"), "key"),
    "reasoning": ({"effort": "max", "summary": "auto"}, lambda asked: asked.request.effort, "xhigh"),
    "safety_identifier": ("who", lambda asked: asked.request.user, "who"),
    "store": (False, lambda asked: asked.keeps, False),
    "stream": (True, lambda asked: asked.request.stream, True),
    "temperature": (0.5, lambda asked: asked.request.temperature, 0.5),
    "text": ({"format": {"type": "json_object"}}, lambda asked: asked.request.format, AnyJson()),
    "tool_choice": ("none", lambda asked: asked.request.tool_choice, NoTool()),
    "tools": ([WEATHER], lambda asked: asked.request.tools, (FUNCTION,)),
    "top_p": (0.5, lambda asked: asked.request.top_p, 0.5),
    "user": ("me", lambda asked: asked.request.user, "me"),
    "repetition_penalty": (1.1, own("repetition_penalty"), 1.1),
    "update_interval": (0.5, own("update_interval"), 0.5),
    "profanity_check": (False, own("profanity_check"), False),
    "flags": (["a"], own("flags"), ["a"]),
    "function_ranker": ({"enabled": True}, own("function_ranker"), {"enabled": True}),
}
# field -> (a value that is listed, values that change nothing)
IGNORED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "access_programs": ({"cyber": "standard"}, ({},)),
    "client_metadata": ({"a": "b"}, ({},)),
    "context_management": ([{"type": "compaction", "compact_threshold": 9}], ([],)),
    "frequency_penalty": (0.5, (0,)),
    "image": ({"context_compression": "enabled"}, ({"context_compression": "auto"},)),
    "max_tool_calls": (3, ()),
    "moderation": ({"model": "omni-moderation-latest"}, ({},)),
    "presence_penalty": (-0.5, (0,)),
    "prompt_cache_options": ({"mode": "explicit"}, ({},)),
    "prompt_cache_retention": ("24h", ()),
    "service_tier": ("flex", ("auto", "default")),
    "stream_options": ({"include_obfuscation": True}, ({}, {"include_obfuscation": False}, {"include_usage": True})),
    "truncation": ("auto", ("disabled",)),
}
# field -> (a value that is refused, values that ask for nothing)
REFUSED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "prompt": ({"id": "pmpt_1"}, ()),
    "top_logprobs": (3, (0,)),
}


def test_every_field_has_a_rule_and_every_rule_a_field_and_a_test() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(Create)} == set(RULES)
    fates = {name: rule.fate for name, rule in RULES.items()}
    assert {name for name, fate in fates.items() if fate in ("exact", "emulated")} == set(HONOURED)
    assert {name for name, fate in fates.items() if fate == "ignored"} == set(IGNORED)
    assert {name for name, fate in fates.items() if fate == "refused"} == set(REFUSED)


@pytest.mark.parametrize("params", [ResponseCreateParamsBase, InputTokenCountParams, ResponseCompactParams])
def test_the_vendor_has_no_field_without_a_rule(params: type) -> None:
    # `personality` shapes an answer, and counting gives none: like any unknown field it is listed.
    assert set(get_type_hints(params)) - set(RULES) <= {"personality"}


@pytest.mark.parametrize("name", HONOURED)
def test_an_honoured_field_arrives(name: str) -> None:
    value, find, expected = HONOURED[name]
    asked = exchange(**{name: value})
    assert find(asked) == expected
    assert asked.request.ignored == ()


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
    problem = refusal(**{name: value})
    assert (problem.param, problem.code) == (name, "unsupported_parameter")
    assert problem.message == f"{name} is not supported: {RULES[name].note}"
    for harmless in (*neutral, None):
        assert decoded(**{name: harmless}) == decoded()


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("model", "input")])
def test_null_is_the_same_as_leaving_out(name: str) -> None:
    assert decoded(**{name: None}) == decoded()


def test_fields_that_nobody_knows_are_listed_as_written() -> None:
    assert decoded(top_k=5, seed=7, nothing=None).ignored == ("top_k", "seed")


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"text": {"verbosity": "low"}}, ("text.verbosity",)),
        ({"text": {"format": FORMAT}}, ("text.format.name",)),
        ({"reasoning": {"context": "all_turns", "mode": "pro"}}, ("reasoning.context", "reasoning.mode")),
        ({"include": ["file_search_call.results"]}, ("include.file_search_call.results",)),
    ],
)
def test_what_is_lost_inside_of_a_field_is_listed(fields: Any, ignored: tuple[str, ...]) -> None:
    assert decoded(**fields).ignored == ignored


def test_formats() -> None:
    assert decoded(text={"format": {"type": "text"}}).format == PlainText()
    assert decoded(text={"format": FORMAT}).format == JsonSchema(SCHEMA, "city", strict=True)
    about = decoded(text={"format": {**FORMAT, "description": "A city", "strict": None}}).format
    assert about == JsonSchema({**SCHEMA, "description": "A city"}, "city")


def test_the_words_of_the_client() -> None:
    assert decoded().spelled == {
        "max_tokens": "max_output_tokens",
        "effort": "reasoning.effort",
        "format": "text.format",
        "messages": "input",
    }


def test_the_response_repeats_the_request() -> None:
    answered = shown(
        tools=[
            {"type": "function", "name": "weather"},
            {"type": "mcp", "server_label": "a", "authorization": "secret"},
        ],
        tool_choice={"type": "function", "name": "weather"},
        text={"format": FORMAT, "verbosity": "low"},
        reasoning={"effort": "low", "generate_summary": "concise"},
        service_tier="flex",
        truncation="auto",
    )
    assert answered["tools"] == [
        {"type": "function", "name": "weather", "description": None, "parameters": None, "strict": False},
        {"type": "mcp", "server_label": "a"},
    ]
    assert answered["tool_choice"] == {"type": "function", "name": "weather"}
    assert answered["text"] == {"format": {**FORMAT, "description": None}, "verbosity": "medium"}
    assert answered["reasoning"] == {"effort": "low", "summary": "concise"}
    # What is not in force is not claimed.
    assert (answered["service_tier"], answered["truncation"]) == ("default", "disabled")


def test_the_response_names_what_it_builds_on() -> None:
    asked = exchange(previous_response_id="resp_1")
    asked.recall(())
    assert json.loads(asked.encode(Reply((), "stop", Usage()), STAMP))["previous_response_id"] == "resp_1"
    asked = exchange(conversation="conv_1")
    asked.recall(())
    assert json.loads(asked.encode(Reply((), "stop", Usage()), STAMP))["conversation"] == {"id": "conv_1"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": ["hi"]}, "input[0]"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"stream": "yes"}, "stream"),
        ({"truncation": "middle"}, "truncation"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"text": {"verbosity": "loud"}}, "text.verbosity"),
        ({"metadata": {"a": 1}}, "metadata[...]"),
        ({"metadata": {"a": "b" * 513}}, "metadata[...]"),
        ({"metadata": {str(at): "" for at in range(17)}}, "metadata"),
        ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "previous_response_id"),
        ({"tools": [5]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": 5}]}, "tools[0].name"),
        ({"tools": [{"type": "custom"}]}, "tools[0].name"),
        ({"tools": [{"type": "namespace", "tools": []}]}, "tools[0].name"),
        ({"tools": [{"type": "namespace", "name": "a", "tools": [{"type": "function"}]}]}, "tools[0].tools[0].name"),
        ({"tools": [WEATHER, {"type": "function", "name": "weather"}]}, "tools[1]"),
        ({"tools": [{"type": "shell"}, {"type": "function", "name": "shell"}]}, "tools[1]"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "other"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "web_search_preview"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "apply_patch"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "mcp", "server_label": "x"}}, "tool_choice"),
        (
            {
                "tools": [WEATHER],
                "tool_choice": {"type": "allowed_tools", "tools": [{"type": "function", "name": "x"}]},
            },
            "tool_choice",
        ),
    ],
)
def test_a_mistake_is_named(fields: Any, param: str) -> None:
    assert refusal(**fields).param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"input":"\xff"}', b'"hi"', b"[" * 100_000])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        Exchange(body)
    assert caught.value.problem.status == 400


def test_a_lone_surrogate_is_replaced() -> None:
    asked = Exchange(rb'{"model":"m","input":[{"role":"user","content":"a\ud800b"}]}')
    assert asked.request.messages == (Message("user", (Text("a�b"),)),)


# Tools


def test_the_same_tools_are_the_same_object() -> None:
    assert decoded(tools=[WEATHER]).tools is decoded(tools=[WEATHER]).tools


def test_a_namespace_is_flattened_and_described_once() -> None:
    nested = [{"type": "function", "name": "find", "description": "Finds"}, {"type": "custom", "name": "note"}]
    asked = exchange(tools=[{"type": "namespace", "name": "crm", "description": "Customers", "tools": nested}, WEATHER])
    names = [(tool.name, tool.description) for tool in asked.request.tools]
    assert names == [("crm__find", "Customers\nFinds"), ("crm__note", ""), ("weather", "Says it")]
    chosen = decoded(
        tools=[{"type": "namespace", "name": "crm", "tools": nested}], tool_choice={"type": "function", "name": "find"}
    )
    assert chosen.tool_choice == OneTool("crm__find")


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("web_search", "web_search"),
        ("web_search_2025_08_26", "web_search"),
        ("web_search_preview", "web_search"),
        ("code_interpreter", "code_interpreter"),
        ("image_generation", "image_generation"),
    ],
)
def test_hosted_tools_are_built_in(tool: str, kind: Any) -> None:
    asked = decoded(tools=[{"type": tool}], tool_choice={"type": tool})
    assert asked.builtins == (Builtin(kind, f"tools.{tool}"),)
    assert asked.tool_choice == OneBuiltin(kind)
    assert asked.ignored == ()


def test_options_of_a_hosted_tool_are_listed() -> None:
    asked = decoded(
        tools=[
            {"type": "web_search", "external_web_access": True, "filters": None},
            {"type": "code_interpreter", "container": {"type": "auto"}},
        ]
    )
    assert asked.ignored == ("tools.web_search.external_web_access",)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "file_search", "vector_store_ids": ["a"]},
        {"type": "computer"},
        {"type": "mcp", "server_label": "a"},
        {"type": "shell", "environment": {"type": "container_auto"}},
        {"type": "programmatic_tool_calling"},
        {"type": "made_up"},
    ],
)
def test_tools_that_nobody_here_can_run_are_listed(tool: dict[str, Any]) -> None:
    asked = decoded(tools=[tool, WEATHER])
    assert asked.tools == (FUNCTION,)
    assert asked.ignored == (f"tools.{tool['type']}",)


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "shell", "environment": {"type": "local"}},
        {"type": "local_shell"},
        {"type": "apply_patch"},
        {"type": "tool_search", "execution": "client"},
    ],
)
def test_tools_that_the_client_runs_are_functions(tool: dict[str, Any]) -> None:
    asked = decoded(tools=[tool])
    assert [function.name for function in asked.tools] == [tool["type"]]
    assert asked.ignored == ()


def test_a_search_for_tools_finds_nothing_that_is_not_there() -> None:
    asked = decoded(tools=[{"type": "tool_search"}, {**WEATHER, "defer_loading": True}])
    assert (asked.tools, asked.ignored) == ((FUNCTION,), ())


def test_what_a_tool_says_in_vain_is_listed() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: A"}
    custom = {"type": "custom", "name": "patch", "format": grammar}
    asked = decoded(tools=[custom, {**WEATHER, "output_schema": SCHEMA, "allowed_callers": ["direct"]}])
    assert asked.ignored == ("tools.custom.format", "tools.output_schema")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", AutoTool()),
        ("none", NoTool()),
        ("required", AnyTool()),
        ({"type": "function", "name": "weather"}, OneTool("weather")),
        ({"type": "custom", "name": "note"}, OneTool("note")),
        ({"type": "apply_patch"}, OneTool("apply_patch")),
    ],
)
def test_tool_choice(choice: Any, expected: Any) -> None:
    tools = [WEATHER, {"type": "custom", "name": "note"}, {"type": "apply_patch"}]
    assert decoded(tools=tools, tool_choice=choice).tool_choice == expected


def test_allowed_tools_narrow_what_may_be_called() -> None:
    tools = [WEATHER, {"type": "custom", "name": "note"}, {"type": "web_search"}, {"type": "image_generation"}]
    tools.append({"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]})
    allowed = [{"type": "function", "name": "weather"}, {"type": "web_search"}, {"type": "namespace", "name": "crm"}]
    asked = decoded(tools=tools, tool_choice={"type": "allowed_tools", "mode": "required", "tools": allowed})
    assert [tool.name for tool in asked.tools] == ["weather", "crm__find"]
    assert [builtin.kind for builtin in asked.builtins] == ["web_search"]
    assert asked.tool_choice == AnyTool()


# Counting and compaction


def incoming(**fields: Any) -> Incoming:
    return Incoming(msgspec.json.encode(fields), {}, {}, {})


def test_counting() -> None:
    counting = Count(incoming(model="gpt-5", input="hi", instructions="Be brief", personality="friendly"))
    assert [message.role for message in counting.request.messages] == ["system", "user"]
    assert counting.request.ignored == ("personality",)
    assert counting.encode(12) == b'{"object":"response.input_tokens","input_tokens":12}'
    with pytest.raises(GatewayError) as caught:
        Count(incoming(model="gpt-5", input="hi", previous_response_id="resp_1"))
    assert caught.value.problem.param == "previous_response_id"


def test_a_compaction_asks_for_a_summary_and_nothing_else() -> None:
    body = {"model": "gpt-5", "input": "Long story", "tools": [WEATHER], "text": {"format": FORMAT}, "stream": True}
    compacting = Compaction(msgspec.json.encode(body))
    asked = compacting.request
    assert (asked.tools, asked.tool_choice, asked.format, asked.stream) == ((), NoTool(), PlainText(), False)
    assert [message.role for message in asked.messages] == ["user", "user"]
    assert compacting.keeps is False
    answer = json.loads(compacting.encode(Reply((Text("Short"),), "stop", Usage(9, 3)), STAMP))
    assert answer["object"] == "response.compaction"
    assert [item["type"] for item in answer["output"]] == ["message", "compaction"]
    assert answer["output"][0]["content"] == [{"type": "input_text", "text": "Long story"}]
    again = decoded(input=[*answer["output"], {"role": "user", "content": "Go on"}])
    assert [message.role for message in again.messages] == ["user", "system", "user"]
    assert again.messages[1].parts == (Text("[Summary of the conversation so far]\nShort"),)


# Nothing but a refusal may come of nonsense.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
ITEM_TYPES = [
    "message",
    "item_reference",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "shell_call",
    "shell_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "tool_search_call",
    "tool_search_output",
    "additional_tools",
    "mcp_call",
    "compaction",
    "compaction_trigger",
    "configuration_update",
    "web_search_call",
    "image_generation_call",
    "computer_call",
    "odd",
]
ITEM_FIELDS = [
    "id",
    "role",
    "content",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "output",
    "input",
    "summary",
    "encrypted_content",
    "status",
    "result",
    "action",
    "operation",
    "tools",
    "error",
    "reasoning",
    "text",
    "server_label",
]
ITEMS = st.lists(
    st.builds(
        lambda kind, fields: {"type": kind, **fields},
        st.sampled_from(ITEM_TYPES),
        st.dictionaries(st.sampled_from(ITEM_FIELDS), JSON, max_size=5),
    ),
    max_size=4,
)
TOOL_FIELDS = ["type", "name", "tools", "parameters", "format", "environment", "execution"]


def survives(body: dict[str, Any]) -> None:
    try:
        asked = Exchange(msgspec.json.encode(body))
        asked.recall(())
        asked.record(Reply((Text("x"),), "stop", Usage()), STAMP)
    except GatewayError as error:
        assert error.problem.status == 400  # noqa: PT017 (that it is no other error is what is tested)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(RULES)), JSON, max_size=6))
def test_any_values_are_read_or_refused(fields: dict[str, Any]) -> None:
    survives({"model": "m", "input": "hi", **fields})


@settings(max_examples=300, deadline=None)
@given(ITEMS)
def test_any_items_are_read_or_refused(items: list[dict[str, Any]]) -> None:
    survives({"model": "m", "input": items})


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(TOOL_FIELDS), JSON | st.sampled_from(["custom", "namespace"]), max_size=5)
    ),
    JSON,
)
def test_any_tools_are_read_or_refused(tools: list[dict[str, Any]], choice: Any) -> None:
    survives({"model": "m", "input": "hi", "tools": tools, "tool_choice": choice})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(GatewayError):
        Exchange(b'{"model":"m","input":' + data)
