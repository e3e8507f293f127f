"""Anthropic Messages, server role: what becomes of every field of a request."""

import json
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec
import pytest
from anthropic.types import message_create_params as stable
from anthropic.types.beta import message_create_params as beta

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.messages import Message, Text
from gigamost.core.request import (
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
from gigamost.protocols.anthropic_messages import Counting, Exchange, encode_error
from gigamost.protocols.anthropic_messages.compaction import INSTRUCTIONS
from gigamost.protocols.anthropic_messages.rules import RULES
from gigamost.protocols.anthropic_messages.wire import Messages

HI: Any = {"role": "user", "content": "hi"}
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: Any = {"name": "weather", "description": "Says the weather", "input_schema": SCHEMA, "strict": True}
FUNCTION = Function("weather", "Says the weather", SCHEMA, strict=True)
SEARCH: Any = {"type": "web_search_20250305", "name": "web_search"}


def exchange(**fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "claude", "max_tokens": 100, "messages": [HI], **fields}))


def decoded(**fields: Any) -> ChatRequest:
    return exchange(**fields).request


def refusal(**fields: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        exchange(**fields)
    assert caught.value.problem.status == 400
    return caught.value.problem


def same(asked: Exchange) -> bool:
    return asked.request == msgspec.structs.replace(decoded(), spelled=asked.request.spelled)


# field -> (what is sent, where it must be found, as what)
HONOURED: dict[str, tuple[Any, Callable[[Exchange], Any], Any]] = {
    "model": ("claude-opus", lambda asked: asked.request.model, "claude-opus"),
    "max_tokens": (7, lambda asked: asked.request.max_tokens, 7),
    "messages": ([HI], lambda asked: asked.request.messages, (Message("user", (Text("hi"),)),)),
    "cache_control": ({"type": "ephemeral", "ttl": "1h"}, same, True),
    "metadata": ({"user_id": "ann"}, lambda asked: asked.request.user, "ann"),
    "output_config": ({"effort": "high"}, lambda asked: asked.request.effort, "high"),
    "stop_sequences": (["a", "", "b"], lambda asked: asked.request.stop, ("a", "b")),
    "stream": (True, lambda asked: asked.request.stream, True),
    "system": ("Be brief", lambda asked: asked.request.messages[0], Message("system", (Text("Be brief"),))),
    "temperature": (0.3, lambda asked: asked.request.temperature, 0.3),
    "thinking": ({"type": "enabled", "budget_tokens": 20_000}, lambda asked: asked.request.effort, "high"),
    "tool_choice": ({"type": "none"}, lambda asked: asked.request.tool_choice, NoTool()),
    "tools": ([WEATHER], lambda asked: asked.request.tools, (FUNCTION,)),
    "top_p": (0.5, lambda asked: asked.request.top_p, 0.5),
    "betas": (["fast-mode-2026-02-01"], same, True),
    "compaction": (
        {"type": "summarize", "instructions": "Short"},
        lambda asked: asked.request.messages[-1],
        Message("user", (Text("Short"),)),
    ),
    "context_management": ({"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}, same, True),
    "output_format": (
        {"type": "json_schema", "schema": SCHEMA},
        lambda asked: asked.request.format,
        JsonSchema(SCHEMA, strict=True),
    ),
}
# field -> (a value that is listed, values that change nothing and are not)
IGNORED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "container": ("container_1", ()),
    "diagnostics": ({"previous_message_id": "msg_1"}, ({},)),
    "inference_geo": ("eu", ()),
    "service_tier": ("priority", ("auto", "standard_only")),
    "speed": ("fast", ("standard",)),
    "top_k": (40, ()),
    "user_profile_id": ("uprof_1", ()),
    "workspace_id": ("wrkspc_1", ()),
    "billing_policy": ({"type": "billing_policy"}, ()),
    "fallback_credit_token": ("token", ()),
    "fallbacks": ([{"model": "claude-opus"}], ([],)),
    "mcp_servers": ([{"type": "url", "name": "m", "url": "https://m"}], ([],)),
}
REFUSED: dict[str, Any] = {"thread": {"type": "continue", "previous_message_id": "msg_1"}}
OLDER = {"temperature", "top_p", "top_k", "output_format"}  # no longer in the newest client's types


def test_every_field_has_a_rule_and_every_rule_a_field_and_a_test() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(Messages)} == set(RULES)
    fates = {name: rule.fate for name, rule in RULES.items()}
    assert {name for name, fate in fates.items() if fate in ("exact", "emulated")} == set(HONOURED)
    assert {name for name, fate in fates.items() if fate == "ignored"} == set(IGNORED)
    assert {name for name, fate in fates.items() if fate == "refused"} == set(REFUSED)


def test_the_fields_are_those_of_the_official_client() -> None:
    params = (stable.MessageCreateParamsStreaming, beta.MessageCreateParamsStreaming)
    assert {name for each in params for name in get_type_hints(each)} | OLDER == set(RULES)


@pytest.mark.parametrize("name", HONOURED)
def test_an_honoured_field_arrives(name: str) -> None:
    value, find, expected = HONOURED[name]
    asked = exchange(**{name: value})
    assert find(asked) == expected
    assert asked.request.ignored == ()


@pytest.mark.parametrize("name", IGNORED)
def test_an_ignored_field_is_listed_unless_it_changes_nothing(name: str) -> None:
    value, neutral = IGNORED[name]
    asked = decoded(**{name: value})
    assert asked.ignored == (name,)
    assert msgspec.structs.replace(asked, ignored=()) == decoded()
    for harmless in (*neutral, None):
        assert decoded(**{name: harmless}) == decoded()


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_field_is_a_400_that_says_what_to_do(name: str) -> None:
    problem = refusal(**{name: REFUSED[name]})
    assert (problem.param, problem.message) == (name, f"{name} is not supported: {RULES[name].note}")


def test_the_official_client_is_told_to_go_on_without_a_thread() -> None:
    details = json.loads(encode_error(refusal(thread=REFUSED["thread"]), "r"))["error"]["details"]
    assert details == {"error_code": "thread_unsupported_request"}
    assert "details" not in json.loads(encode_error(refusal(thread=5), "r"))["error"]


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("model", "messages", "max_tokens")])
def test_null_is_the_same_as_leaving_out(name: str) -> None:
    assert decoded(**{name: None}) == decoded()


def test_fields_that_nobody_knows_are_listed_as_written() -> None:
    assert decoded(seed=5, nothing=None).ignored == ("seed",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 2**31}, "max_tokens"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [HI, {"role": "developer", "content": "x"}]}, "messages[1].role"),
        ({"temperature": 1.1}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_k": -1}, "top_k"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"system": [{"type": "image"}]}, "system[0].type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1000}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "maybe"}}, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format"),
        ({"tools": [{"input_schema": SCHEMA}]}, "tools[0].name"),
        ({"tools": [{"name": "", "input_schema": SCHEMA}]}, "tools[0].name"),
        ({"tools": [WEATHER, {"name": "weather", "input_schema": {}}]}, "tools[1]"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "other"}}, "tool_choice.name"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_its_place(fields: Any, param: str) -> None:
    problem = refusal(**fields)
    assert problem.param == param
    assert param.rpartition(".")[2].partition("[")[0] in problem.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    with pytest.raises(GatewayError, match="request body"):
        Exchange(body)


def test_a_count_needs_no_limit() -> None:
    counting = Counting(msgspec.json.encode({"model": "claude", "messages": [HI], "tools": [WEATHER]}))
    assert (counting.request.messages, counting.request.tools) == (decoded().messages, (FUNCTION,))
    assert counting.encode(7) == b'{"input_tokens":7}'


@pytest.mark.parametrize("instructions", [None, "", " "])
def test_a_conversation_is_compacted_by_a_question_for_its_summary(instructions: Any) -> None:
    compaction = {"type": "summarize", "instructions": instructions}
    fields: Any = {"tools": [WEATHER], "tool_choice": {"type": "any"}, "stop_sequences": ["x"]}
    asked = decoded(**fields, compaction=compaction, output_format={"type": "json_schema", "schema": SCHEMA})
    assert asked.messages == (*decoded().messages, Message("user", (Text(INSTRUCTIONS),)))
    assert (asked.tool_choice, asked.format, asked.stop) == (NoTool(), PlainText(), ())
    body = {"model": "claude", "messages": [HI], "compaction": compaction}
    assert Counting(msgspec.json.encode(body)).request.messages == decoded().messages


def test_a_system_text_in_blocks_is_one_message_and_none_where_it_is_empty() -> None:
    blocks = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "b"}]
    assert decoded(system=blocks).messages[0] == Message("system", (Text("a"), Text("b")))
    for empty in ("", [], [{"type": "text", "text": ""}]):
        assert decoded(system=empty).messages == decoded().messages


@pytest.mark.parametrize(
    ("fields", "expected", "spelled"),
    [
        ({}, None, "thinking"),
        ({"thinking": {"type": "adaptive"}}, None, "thinking"),
        ({"thinking": {"type": "between_tools"}}, None, "thinking"),
        ({"thinking": {"type": "disabled"}}, "none", "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low", "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "medium", "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 16_384}}, "high", "thinking.budget_tokens"),
        ({"output_config": {"effort": "low"}}, "low", "output_config.effort"),
        ({"output_config": {"effort": "max"}}, "xhigh", "output_config.effort"),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "output_config": {"effort": "high"}},
            "high",
            "output_config.effort",
        ),
    ],
)
def test_effort(fields: Any, expected: str | None, spelled: str) -> None:
    asked = decoded(**fields)
    assert (asked.effort, asked.spelled["effort"], asked.ignored) == (expected, spelled, ())


def test_effort_means_nothing_where_thinking_is_off() -> None:
    asked = decoded(thinking={"type": "disabled"}, output_config={"effort": "high", "task_budget": {"total": 1}})
    assert (asked.effort, asked.ignored) == ("none", ("output_config.task_budget", "output_config.effort"))


def test_the_format_of_the_answer() -> None:
    wanted = {"type": "json_schema", "schema": SCHEMA}
    assert decoded(output_config={"format": wanted}).format == JsonSchema(SCHEMA, strict=True)
    assert decoded(output_config={"effort": "low"}).format == PlainText()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, AutoTool()),
        ({"type": "none"}, NoTool()),
        ({"type": "any"}, AnyTool()),
        ({"type": "tool", "name": "weather"}, OneTool("weather")),
        ({"type": "tool", "name": "web_search"}, OneBuiltin("web_search")),
    ],
)
def test_tool_choice(choice: Any, expected: Any) -> None:
    asked = decoded(tools=[WEATHER, SEARCH], tool_choice=choice)
    assert (asked.tool_choice, asked.parallel_tool_calls) == (expected, True)
    assert not decoded(
        tools=[WEATHER], tool_choice={"type": "any", "disable_parallel_tool_use": True}
    ).parallel_tool_calls


def test_any_tool_where_there_are_built_in_ones_alone() -> None:
    asked = decoded(tools=[SEARCH], tool_choice={"type": "any"})
    assert (asked.tool_choice, asked.builtins) == (
        OneBuiltin("web_search"),
        (Builtin("web_search", "tools.web_search_20250305"),),
    )


def test_edits_of_the_context_are_listed_except_what_is_always_so() -> None:
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}, {"type": "compact_20260112"}]
    assert decoded(context_management={"edits": edits}).ignored == (
        "context_management.edits.clear_tool_uses_20250919",
        "context_management.edits.compact_20260112",
    )
