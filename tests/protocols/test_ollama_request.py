"""Ollama, server role: what a client's bodies mean, and what is said about those that mean nothing."""

import base64
import json
from typing import Any

import msgspec
import ollama
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigamost.core.body import Rule
from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import GetModel, Incoming, Listed, ServeChat
from gigamost.core.messages import Inline, Media, Message, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.models import Model
from gigamost.core.request import AnyJson, ChatRequest, Function, JsonSchema, PlainText
from gigamost.protocols import ollama as face
from gigamost.protocols.ollama import embeddings, models, wire
from gigamost.protocols.ollama.rules import CHAT, EMBED, EMBEDDINGS, GENERATE, OPTIONS

HI: Any = [{"role": "user", "content": "hi"}]
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "description": "W", "parameters": SCHEMA}}
PICTURE = base64.b64encode(b"jpeg").decode()


def incoming(body: Any) -> Incoming:
    return Incoming(body if isinstance(body, bytes) else json.dumps(body).encode(), {}, {}, {})


def chat(**fields: Any) -> ChatRequest:
    return face.chat(incoming({"model": "llama3", "messages": HI, **fields})).request


def generated(asked: Incoming) -> Any:
    """The exchange of a prompt."""
    service = face.generate(asked)
    assert isinstance(service, ServeChat)
    return service.decode(asked)


def generate(**fields: Any) -> ChatRequest:
    request = generated(incoming({"model": "llama3", "prompt": "hi", **fields})).request
    assert isinstance(request, ChatRequest)
    return request


def refused(ask: Any, **fields: Any) -> str | None:
    with pytest.raises(GatewayError) as caught:
        ask(**fields)
    assert caught.value.problem.status == 400
    return caught.value.problem.param


@pytest.mark.parametrize(
    ("official", "rules", "shape"),
    [
        (ollama._types.ChatRequest, CHAT, wire.Chat),
        (ollama._types.GenerateRequest, GENERATE, wire.Generate),
        (ollama._types.EmbedRequest, EMBED, wire.Embed),
        (ollama._types.EmbeddingsRequest, EMBEDDINGS, wire.Embeddings),
        (ollama.Options, OPTIONS, wire.Options),
    ],
)
def test_every_field_of_the_official_client_has_a_rule(official: Any, rules: dict[str, Rule], shape: Any) -> None:
    assert set(official.model_fields) <= set(rules)
    assert {field.encode_name for field in msgspec.structs.fields(shape)} == set(rules)


def test_a_chat() -> None:
    asked = chat(
        options={"temperature": 0.5, "top_p": 1, "num_predict": 16, "stop": ["\n", ""], "repeat_penalty": 1.1},
        think="high",
        keep_alive="5m",
    )
    assert asked == ChatRequest(
        model="llama3",
        messages=(Message("user", (Text("hi"),)),),
        temperature=0.5,
        top_p=1,
        max_tokens=16,
        stop=("\n",),
        effort="high",
        stream=True,
        extra={"gigachat": {"repetition_penalty": 1.1}},
        spelled=asked.spelled,
    )
    assert asked.spelled["max_tokens"] == "options.num_predict"


@pytest.mark.parametrize(("given", "streams"), [({}, True), ({"stream": None}, True), ({"stream": False}, False)])
def test_it_streams_unless_told_not_to(given: Any, streams: bool) -> None:
    assert chat(**given).stream is streams
    assert generate(**given).stream is streams


def test_every_kind_of_message() -> None:
    asked = chat(
        messages=[
            {"role": "system", "content": "s"},
            {"role": "user", "content": "u", "images": [PICTURE, f"data:image/jpeg;base64,{PICTURE}"]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [
                    {"id": "call_1", "function": {"name": "a", "arguments": {"x": 1}}},
                    {"function": {"name": "b", "arguments": None}},
                ],
            },
            {"role": "tool", "content": "one", "tool_call_id": "call1", "tool_name": "a"},
            {"role": "tool", "content": "two", "tool_name": "b", "images": [PICTURE]},
            {"role": "tool", "content": "three", "images": []},
            {"role": "user", "content": None},
        ]
    )
    picture = Media("image", Inline(b"jpeg"))
    assert asked.messages == (
        Message("system", (Text("s"),)),
        Message("user", (Text("u"), picture, Media("image", Inline(b"jpeg"), "image/jpeg"))),
        Message("assistant", (Reasoning("hm"), ToolCall("call_1", "a", '{"x":1}'), ToolCall("", "b", "{}"))),
        Message("tool", (ToolResult("call1", (Text("one"),), "a"),)),
        Message("tool", (ToolResult("", (Text("two"), picture), "b"),)),
        Message("tool", (ToolResult("", (Text("three"),)),)),
        Message("user", ()),
    )


def test_an_id_that_no_call_has_does_not_hide_the_order() -> None:
    """The official client drops the ids of calls but not those of results."""
    call = {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": {}}}]}
    result = {"role": "tool", "content": "one", "tool_call_id": "call9"}
    assert chat(messages=[*HI, call, result]).messages[2] == Message("tool", (ToolResult("", (Text("one"),)),))


def test_tools_are_the_same_object_for_the_same_bytes() -> None:
    tools = [WEATHER, {"type": "web_search"}]
    first, second = chat(tools=tools), chat(tools=tools)
    assert first.tools == (Function("weather", "W", SCHEMA),)
    assert first.tools is second.tools
    assert first.ignored == ("tools.web_search",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, PlainText()),
        ("", PlainText()),
        ("json", AnyJson()),
        ({}, AnyJson()),
        (SCHEMA, JsonSchema(SCHEMA, strict=True)),
    ],
)
def test_format(given: Any, expected: Any) -> None:
    assert chat(format=given).format == expected
    assert generate(format=given).format == expected


@pytest.mark.parametrize(
    ("given", "effort"),
    [(None, None), ("", None), (False, "none"), (True, "medium"), ("low", "low"), ("max", "xhigh")],
)
def test_think(given: Any, effort: str | None) -> None:
    assert chat(think=given).effort == effort


@pytest.mark.parametrize(("given", "limit"), [(-1, None), (-2, None), (0, None), (7, 7), (7.0, 7)])
def test_num_predict(given: Any, limit: int | None) -> None:
    assert chat(options={"num_predict": given}).max_tokens == limit


def test_what_changes_nothing_is_silent() -> None:
    """What OpenClaw sends with every request."""
    assert chat(truncate=False, shift=False, think=False, options={}, keep_alive=-1, logprobs=False).ignored == ()
    assert generate(raw=False, context=[], template="", width=0, options={"num_keep": 0, "seed": None}).ignored == ()


def test_what_cannot_be_honoured_is_listed_as_the_client_wrote_it() -> None:
    options = {"seed": 1, "num_ctx": 8192, "top_k": 40, "presence_penalty": 0, "new_option": "x"}
    assert chat(options=options, dance=True).ignored == (
        "dance",
        "options.seed",
        "options.num_ctx",
        "options.top_k",
        "options.new_option",
    )
    assert generate(raw=True, template="{{ .Prompt }}", context=[1, 2]).ignored == ("raw", "template", "context")


def test_a_prompt_is_a_conversation() -> None:
    asked = generate(system="Be brief.", images=[PICTURE])
    assert asked.messages == (
        Message("system", (Text("Be brief."),)),
        Message("user", (Text("hi"), Media("image", Inline(b"jpeg")))),
    )


def test_a_suffix_asks_for_what_stands_before_it() -> None:
    asked = generate(prompt="def add(a, b):\n    return ", suffix="\n\nprint(add(1, 2))", system="Python.")
    assert [message.role for message in asked.messages] == ["system", "system", "user"]
    (text,) = asked.messages[2].parts
    assert isinstance(text, Text)
    assert text.text.index("def add(a, b):\n    return ") < text.text.index("\n\nprint(add(1, 2))")
    assert generate(prompt="", suffix="x").messages[1].role == "user"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "images": ["%%"]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "system", "images": [PICTURE]}]}, "messages[0].images"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]},
            "messages[0].tool_calls[0].function.name",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"function": {"name": ""}}]}, "tools[0].function.name"),
        ({"tools": [WEATHER, {"function": {"name": "weather"}}]}, "tools[1]"),
        ({"format": "xml"}, "format"),
        ({"think": "harder"}, "think"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"options": []}, "options"),
        ({"options": {"temperature": -1}}, "options.temperature"),
        ({"options": {"temperature": "warm"}}, "options.temperature"),
        ({"options": {"top_p": 2}}, "options.top_p"),
        ({"options": {"repeat_penalty": 0}}, "options.repeat_penalty"),
        ({"options": {"stop": [1]}}, "options.stop[0]"),
    ],
)
def test_what_would_mislead_is_refused_with_its_field(fields: Any, param: str) -> None:
    assert refused(chat, **fields) == param


def test_pictures_of_a_prompt_are_named_too() -> None:
    assert refused(generate, images=["%"]) == "images[0]"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({}, "load"), ({"keep_alive": "5m"}, "load"), ({"keep_alive": 0}, "unload"), ({"keep_alive": "0s"}, "unload")],
)
def test_without_a_prompt_the_model_is_to_be_loaded(fields: Any, reason: str) -> None:
    """What `ollama run` sends before anything else."""
    asked = incoming({"model": "llama3", "prompt": "", **fields})
    service = face.generate(asked)
    assert isinstance(service, GetModel)
    assert service.name(asked) == "llama3"
    said = json.loads(service.encode(Listed("llama3", Model("GigaChat-2", "gigachat"))))
    assert said == {"model": "llama3", "response": "", "done": True, "done_reason": reason}


def test_texts_to_embed() -> None:
    def embed(**fields: Any) -> Any:
        return embeddings.Exchange(incoming({"model": "m", **fields})).request

    assert embed(input="a", truncate=True, keep_alive=0, options={}).inputs == ("a",)
    asked = embed(input=["a", "b"], dimensions=1024, options={"num_ctx": 1})
    assert (asked.inputs, asked.dimensions, asked.ignored) == (("a", "b"), 1024, ("options",))
    assert refused(embed) == "input"
    assert refused(embed, input=["a", ""]) == "input[1]"
    assert refused(embed, input="") == "input"
    assert refused(embed, input="a", dimensions=0) == "dimensions"

    def older(**fields: Any) -> Any:
        return embeddings.LegacyExchange(incoming({"model": "m", **fields})).request

    assert older(prompt="a").inputs == ("a",)
    assert refused(older) == "prompt"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model":""}', b'{"model":5}', b"\xff", b"[" * 100_000])
def test_a_body_that_names_no_model(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        models.name_of(incoming(body))
    assert caught.value.problem.status == 400


def test_the_older_word_for_a_model() -> None:
    assert models.name_of(incoming({"name": "llama3"})) == "llama3"
    assert models.name_of(incoming({"model": "a", "name": "b"})) == "a"


VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=()), max_size=5)
    | st.sampled_from(["user", "tool", "json", PICTURE, "\ud800", 10**400, HI, [WEATHER], SCHEMA, {"temperature": 1}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODIES: Any = st.fixed_dictionaries(
    {}, optional=dict.fromkeys({**CHAT, **GENERATE, **EMBED, "surprise": Rule("ignored")}, VALUES)
)
MESSAGES: Any = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "tool", "assistant", "system"])},
        optional=dict.fromkeys(("content", "images", "tool_calls", "tool_name", "tool_call_id"), VALUES),
    ),
    max_size=3,
)
OPTION_VALUES: Any = st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS, VALUES))


def prompted(asked: Incoming) -> Any:
    return face.chat(incoming({"messages": HI})) if isinstance(face.generate(asked), GetModel) else generated(asked)


def read_or_refused(read: Any, asked: Incoming) -> Any:
    try:
        return read(asked).request
    except GatewayError as error:
        return error.problem


@settings(max_examples=300, deadline=None)
@given(BODIES, MESSAGES, OPTION_VALUES, st.sampled_from([face.chat, prompted, embeddings.Exchange]))
def test_whatever_comes_is_read_or_refused(body: Any, messages: Any, options: Any, read: Any) -> None:
    for more in ({}, {"messages": messages}, {"messages": HI, "prompt": "x", "options": options}):
        data = json.dumps({**body, **more}).encode()
        made = read_or_refused(read, incoming(data))
        if isinstance(made, Problem):
            assert made.status == 400
            assert made.message.encode()
        else:
            assert msgspec.json.encode(made)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40).filter(lambda data: data.strip()[:1] != b"{"))
def test_bytes_that_are_no_object(data: bytes) -> None:
    for read in (face.chat, face.generate, embeddings.Exchange, embeddings.LegacyExchange):
        with pytest.raises(GatewayError):
            read(incoming(data))
