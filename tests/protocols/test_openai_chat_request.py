"""Chat Completions, server role: what becomes of every field of a request."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Problem
from gigamost.core.events import Finish, Start
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
    OneTool,
    PlainText,
    Regex,
)
from gigamost.protocols.openai_chat import Exchange
from gigamost.protocols.openai_chat.rules import RULES
from gigamost.protocols.openai_chat.wire import Chat

HI: Any = {"role": "user", "content": "hi"}
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER: Any = {"name": "weather", "description": "Says the weather", "parameters": SCHEMA, "strict": True}
FUNCTION = Function("weather", "Says the weather", SCHEMA, strict=True)
TOOLS: Any = [{"type": "function", "function": WEATHER}]


def exchange(**fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "gpt-4o", "messages": [HI], **fields}))


def decoded(**fields: Any) -> ChatRequest:
    return exchange(**fields).request


def refusal(**fields: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        exchange(**fields)
    assert caught.value.problem.status == 400
    return caught.value.problem


def shows_usage(asked: Exchange) -> bool:
    encoder = asked.encoder(Stamp("1", 2, "m"))
    return b'"usage"' in encoder.feed(Start()) + encoder.feed(Finish("stop"))


def own(name: str) -> Callable[[Exchange], Any]:
    return lambda asked: asked.request.extra["gigachat"][name]


# field -> (what is sent, where it must be found, as what); other fields that it needs beside it are in BESIDE.
HONOURED: dict[str, tuple[Any, Callable[[Exchange], Any], Any]] = {
    "model": ("gpt-5", lambda asked: asked.request.model, "gpt-5"),
    "messages": ([HI], lambda asked: asked.request.messages, (Message("user", (Text("hi"),)),)),
    "function_call": ({"name": "weather"}, lambda asked: asked.request.tool_choice, OneTool("weather")),
    "functions": ([WEATHER], lambda asked: asked.request.tools, (FUNCTION,)),
    "max_completion_tokens": (7, lambda asked: asked.request.max_tokens, 7),
    "max_tokens": (7, lambda asked: asked.request.max_tokens, 7),
    "parallel_tool_calls": (False, lambda asked: asked.request.parallel_tool_calls, False),
    "reasoning_effort": ("high", lambda asked: asked.request.effort, "high"),
    "response_format": ({"type": "json_object"}, lambda asked: asked.request.format, AnyJson()),
    "safety_identifier": ("ann", lambda asked: asked.request.user, "ann"),
    "stop": (["a", "b"], lambda asked: asked.request.stop, ("a", "b")),
    "stream": (True, lambda asked: asked.request.stream, True),
    "stream_options": ({"include_usage": True}, shows_usage, True),
    "temperature": (0.3, lambda asked: asked.request.temperature, 0.3),
    "tool_choice": ("required", lambda asked: asked.request.tool_choice, AnyTool()),
    "tools": (TOOLS, lambda asked: asked.request.tools, (FUNCTION,)),
    "top_p": (0.5, lambda asked: asked.request.top_p, 0.5),
    "user": ("ann", lambda asked: asked.request.user, "ann"),
    "repetition_penalty": (1.1, own("repetition_penalty"), 1.1),
    "update_interval": (2, own("update_interval"), 2),
    "profanity_check": (False, own("profanity_check"), False),
    "flags": (["preprocess"], own("flags"), ["preprocess"]),
    "storage": ({"is_stateful": True}, own("storage"), {"is_stateful": True}),
    "function_ranker": ({"enabled": True, "top_n": 3}, own("function_ranker"), {"enabled": True, "top_n": 3}),
    "user_info": ({"timezone": "Asia/Omsk"}, own("user_info"), {"timezone": "Asia/Omsk"}),
    "web_search_options": (
        {"search_context_size": "medium"},
        lambda asked: asked.request.builtins,
        (Builtin("web_search", "web_search_options"),),
    ),
}
BESIDE: dict[str, Any] = {
    "function_call": {"functions": [WEATHER]},
    "tool_choice": {"tools": TOOLS},
    "stream_options": {"stream": True},
}
# field -> (a value that is listed, values that change nothing and are not)
IGNORED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "frequency_penalty": (1.5, (0,)),
    "logit_bias": ({"50256": -100}, ({},)),
    "metadata": ({"a": "b"}, ({},)),
    "moderation": ({"model": "omni-moderation-latest"}, ({},)),
    "prediction": ({"type": "content", "content": "x"}, ()),
    "presence_penalty": (-2, (0,)),
    "prompt_cache_key": ("key", ()),
    "prompt_cache_options": ({"mode": "explicit"}, ({},)),
    "prompt_cache_retention": ("24h", ()),
    "seed": (7, ()),
    "service_tier": ("flex", ("auto", "default")),
    "store": (True, (False,)),
    "verbosity": ("low", ("medium",)),
}
# field -> (a value that is refused, values that ask for nothing)
REFUSED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "audio": ({"voice": "alloy", "format": "wav"}, ()),
    "logprobs": (True, (False,)),
    "modalities": (["text", "audio"], (["text"], [])),
    "n": (2, (1,)),
    "top_logprobs": (3, (0,)),
}


def test_every_field_has_a_rule_and_every_rule_a_field_and_a_test() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(Chat)} == set(RULES)
    fates = {name: rule.fate for name, rule in RULES.items()}
    assert {name for name, fate in fates.items() if fate in ("exact", "emulated")} == set(HONOURED)
    assert {name for name, fate in fates.items() if fate == "ignored"} == set(IGNORED)
    assert {name for name, fate in fates.items() if fate == "refused"} == set(REFUSED)


@pytest.mark.parametrize("name", HONOURED)
def test_an_honoured_field_arrives(name: str) -> None:
    value, find, expected = HONOURED[name]
    asked = exchange(**{**BESIDE.get(name, {}), name: value})
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


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("model", "messages")])
def test_null_is_the_same_as_leaving_out(name: str) -> None:
    assert decoded(**{name: None}) == decoded()


def test_a_search_that_chat_completions_asks_for() -> None:
    place = {"type": "approximate", "approximate": {"timezone": "Asia/Omsk", "country": "RU"}}
    asked = decoded(web_search_options={"search_context_size": "low", "user_location": place})
    assert asked.builtins == (Builtin("web_search", "web_search_options"),)
    assert asked.extra == {"gigachat": {"user_info": {"timezone": "Asia/Omsk"}}}
    assert asked.ignored == ("web_search_options.search_context_size", "web_search_options.user_location")
    twice = decoded(web_search_options={}, tools=[{"type": "web_search"}])
    assert twice.builtins == (Builtin("web_search", "tools.web_search"),)
    assert decoded(web_search_options={}, tool_choice="required").tool_choice == AnyTool()


def test_gigachats_own_form_of_an_answer() -> None:
    assert decoded(response_format={"type": "regex", "regex": "[a-z]+"}).format == Regex("[a-z]+")
    assert refusal(response_format={"type": "regex"}).param == "response_format.regex"


def test_fields_that_nobody_knows_are_listed_as_written() -> None:
    assert decoded(top_k=5, enable_thinking=False, nothing=None).ignored == ("top_k", "enable_thinking")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"content": "x"}]}, "messages[0]"),
        ({"messages": [HI, {"role": "robot"}]}, "messages[1].role"),
        ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0]"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]},
            "messages[0].tool_calls[0].function.name",
        ),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": "http://x"}]}]},
            "messages[0].content[0]",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png;base64,?"}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "?"}}]}]},
            "messages[0].content[0].input_audio.data",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "messages[0].content[0].file"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 2**31}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"function_ranker": {"enabled": {"deep": 1}}}, "function_ranker[...]"),
        ({"storage": {"metadata": {"a": {"deep": "x"}}}}, "storage[...][...]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "custom"}]}, "tools[0].custom"),
        ({"tools": [{"function": {"name": ""}}]}, "tools[0].function.name"),
        ({"tools": [*TOOLS, {"function": {"name": "weather"}}]}, "tools[1]"),
        ({"functions": [WEATHER, {"name": "weather"}]}, "functions[1]"),
        ({"functions": [WEATHER], "function_call": {"name": "other"}}, "function_call"),
        ({"tools": TOOLS, "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {
                "tools": TOOLS,
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [{"function": {"name": "other"}}]},
                },
            },
            "tool_choice",
        ),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_its_place(fields: Any, param: str) -> None:
    problem = refusal(**fields)
    assert problem.param == param
    assert param.rpartition(".")[2].partition("[")[0] in problem.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"{}{}", b"[" * 100_000])
def test_what_is_no_json_object_is_a_400(body: bytes) -> None:
    with pytest.raises(GatewayError, match="request body") as caught:
        Exchange(body)
    assert caught.value.problem.status == 400


def test_lone_surrogates_are_replaced_and_nothing_else() -> None:
    body = rb'{"model":"m","messages":[{"role":"user","content":"\ud800 \ud83d\ude00 \\ud800 \uDC00"}]}'
    assert Exchange(body).request.messages[0].parts == (Text("\ufffd \N{GRINNING FACE} \\ud800 \ufffd"),)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", NoTool()),
        ("auto", AutoTool()),
        ("required", AnyTool()),
        ({"type": "function", "function": {"name": "weather"}}, OneTool("weather")),
        ({"type": "custom", "custom": {"name": "shell"}}, OneTool("shell")),
    ],
)
def test_tool_choice(choice: Any, expected: Any) -> None:
    shell = {"type": "custom", "custom": {"name": "shell"}}
    assert decoded(tools=[*TOOLS, shell], tool_choice=choice).tool_choice == expected


@pytest.mark.parametrize(("mode", "expected"), [("auto", AutoTool()), ("required", AnyTool())])
def test_allowed_tools_narrow_the_tools(mode: str, expected: Any) -> None:
    time = {"type": "function", "function": {"name": "time"}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [time]}}
    asked = decoded(tools=[*TOOLS, time], tool_choice=choice)
    assert (asked.tools, asked.tool_choice) == ((Function("time"),), expected)


def test_tools_of_every_kind() -> None:
    shell = {"type": "custom", "custom": {"name": "shell", "description": "Runs", "format": {"type": "grammar"}}}
    asked = decoded(tools=[*TOOLS, *TOOLS, shell, {"type": "image_generation"}, {"type": "image_generation"}])
    assert [tool.name for tool in asked.tools] == ["weather", "shell"]
    custom = asked.tools[1].parameters
    assert custom is not None
    assert (list(custom["properties"]), custom["required"]) == (["input"], ["input"])
    assert asked.builtins == (Builtin("image_generation", "tools.image_generation"),)
    assert asked.ignored == ("tools.custom.format",)


@pytest.mark.parametrize(("given", "expected"), [("x", ("x",)), ("", ()), (["a", "", "b"], ("a", "b")), ([], ())])
def test_stop(given: Any, expected: Any) -> None:
    assert decoded(stop=given).stop == expected


def test_the_newer_limit_wins_and_is_named() -> None:
    asked = decoded(max_tokens=5, max_completion_tokens=9)
    assert (asked.max_tokens, asked.spelled["max_tokens"]) == (9, "max_completion_tokens")
    assert "max_tokens" not in decoded(max_tokens=5).spelled


def test_the_user_goes_before_the_safety_identifier() -> None:
    assert decoded(user="ann", safety_identifier="bob").user == "ann"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "text"}, PlainText()),
        (
            {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA, "strict": True}},
            JsonSchema(SCHEMA, "p", strict=True),
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA, "description": "A place"}},
            JsonSchema({**SCHEMA, "description": "A place"}, "p"),
        ),
    ],
)
def test_response_format(given: Any, expected: Any) -> None:
    assert decoded(response_format=given).format == expected
