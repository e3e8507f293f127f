"""What we send to GigaChat v1: goldens from the documented ordering rules and quirks, judged by the emulator too."""

from typing import Any

import msgspec
import pytest

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.messages import FileRef, Media, Message, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from gigamost.core.models import Model
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    ChatRequest,
    Function,
    JsonSchema,
    NoTool,
    OneTool,
    Regex,
    ToolChoice,
)
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.gigachat.v1 import WIRE

MAX = model("GigaChat-2-Max", "gigachat")
OLD = model("GigaChat-Plus", "gigachat")
WEATHER = Function("weather", "Tells the weather", {"type": "object", "properties": {"city": {"type": "string"}}})
TIME = Function("time")
STATE = "0199e210-2f13-744c-8fe5-c9a19fe27db7"


def user(*parts: Part | str) -> Message:
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def system(text: str) -> Message:
    return Message("system", (Text(text),))


def assistant(*parts: Part | str) -> Message:
    return Message("assistant", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def result(call_id: str, text: str, name: str = "") -> Message:
    return Message("tool", (ToolResult(call_id, (Text(text),), name),))


def sent(request: ChatRequest, to: Model = MAX, dialect: frozenset[str] = frozenset()) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(WIRE.encode(request, to, dialect).body)
    return body


def messages(*given: Message, tools: tuple[Function, ...] = ()) -> list[dict[str, Any]]:
    sent_messages: list[dict[str, Any]] = sent(ChatRequest("m", given, tools=tools))["messages"]
    return sent_messages


def test_the_smallest_request() -> None:
    call = WIRE.encode(ChatRequest("m", (user("Hi"),)), MAX, frozenset())
    assert call.body == b'{"model":"GigaChat-2-Max","messages":[{"role":"user","content":"Hi"}]}'
    assert call.url("https://api.giga.chat/v1") == "https://api.giga.chat/v1/chat/completions"
    assert call.headers["Accept"] == "application/json"
    assert WIRE.encode(ChatRequest("m", (user("Hi"),), stream=True), MAX, frozenset()).headers["Accept"] == (
        "text/event-stream"
    )


def test_leading_system_texts_become_one_and_a_later_one_keeps_its_place() -> None:
    assert messages(system("A"), system("B"), user("Hi"), assistant("Yes"), system("C"), user("Go")) == [
        {"role": "system", "content": "A\n\nB"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": "[System instruction]\nC\nGo"},
    ]


def test_a_lone_system_text_is_sent_as_the_users() -> None:
    assert messages(system("Say hello")) == [{"role": "user", "content": "Say hello"}]


def test_neighbours_of_one_role_are_joined() -> None:
    assert messages(user("A"), user("B"), assistant("C"), assistant("D"), user("E")) == [
        {"role": "user", "content": "A\nB"},
        {"role": "assistant", "content": "C\nD"},
        {"role": "user", "content": "E"},
    ]


def test_an_answer_begun_by_the_client_is_followed_by_a_request_to_go_on() -> None:
    assert messages(user("A"), assistant("Once upon"))[-1] == {"role": "user", "content": "Continue."}


def test_empty_texts_have_a_placeholder_where_the_api_wants_a_string() -> None:
    assert messages(user("")) == [{"role": "user", "content": " "}]
    assert messages(user()) == [{"role": "user", "content": " "}]


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(GatewayError, match="conversation is empty"):
        sent(ChatRequest("m", (assistant(""),)))


def test_parallel_calls_become_pairs_in_the_order_of_the_calls() -> None:
    history = (
        user("Weather in Omsk and Tomsk?"),
        assistant("Looking.", ToolCall("c1", "weather", '{"city":"Omsk"}'), ToolCall("c2", "weather", "")),
        result("c2", "rain"),
        result("c1", '{"t":-5}'),
    )
    assert messages(*history, tools=(WEATHER,))[1:] == [
        {
            "role": "assistant",
            "content": "Looking.",
            "function_call": {"name": "weather", "arguments": {"city": "Omsk"}},
        },
        {"role": "function", "content": '{"t":-5}', "name": "weather"},
        {"role": "assistant", "content": "", "function_call": {"name": "weather", "arguments": {}}},
        {"role": "function", "content": '{"result":"rain"}', "name": "weather"},
    ]


def test_results_find_their_calls_when_a_client_drops_underscores() -> None:
    history = (
        user("x"),
        assistant(ToolCall("call_a_1", "time", "{}"), ToolCall("call_b_2", "time", "{}")),
        result("callb2", "2"),
        result("calla1", "1"),
    )
    contents = [message["content"] for message in messages(*history, tools=(TIME,)) if message["role"] == "function"]
    assert contents == ['{"result":1}', '{"result":2}']


def test_orphans_on_both_sides_stay_valid_and_are_not_lost() -> None:
    history = (user("x"), assistant(ToolCall("c1", "time", "{}")), user("wait"), result("zz", "late", "other"))
    assert messages(*history, tools=(TIME,))[1:] == [
        {"role": "assistant", "content": "", "function_call": {"name": "time", "arguments": {}}},
        {"role": "function", "content": '{"error":"no result"}', "name": "time"},
        {"role": "user", "content": "wait\n[Result of other]\nlate"},
    ]


def test_a_users_message_before_the_result_does_not_part_the_pair() -> None:
    history = (user("x"), assistant(ToolCall("c1", "time", "{}")), user("context"), result("c1", "12:00"))
    roles = [message["role"] for message in messages(*history, tools=(TIME,))]
    assert roles == ["user", "assistant", "function", "user"]


def test_errors_of_tools_are_marked() -> None:
    failed = Message("tool", (ToolResult("c1", (Text("no such city"),), is_error=True),))
    assert messages(user("x"), assistant(ToolCall("c1", "time", "{}")), failed)[2]["content"] == (
        '{"error":"no such city"}'
    )


def test_reasoning_is_not_sent_back() -> None:
    assert messages(user("a"), assistant(Reasoning("hm"), "b"), user("c"))[1] == {"role": "assistant", "content": "b"}


def test_attachments_are_one_per_message() -> None:
    def image(file_id: str) -> Media:
        return Media("image", FileRef(file_id), "image/png")

    assert messages(user("Compare", image("1"), image("2"), "please")) == [
        {"role": "user", "content": "Compare", "attachments": ["1"]},
        {"role": "user", "content": "please", "attachments": ["2"]},
    ]


def test_pictures_of_a_tool_follow_its_result() -> None:
    shot = ToolResult("c1", (Text("done"), Media("image", FileRef("f"), "image/png")))
    assert messages(user("x"), assistant(ToolCall("c1", "time", "{}")), Message("tool", (shot,)))[2:] == [
        {"role": "function", "content": '{"result":"done"}', "name": "time"},
        {"role": "user", "content": "[Attachment returned by time]", "attachments": ["f"]},
    ]


def test_functions_of_the_history_are_always_described() -> None:
    body = sent(
        ChatRequest("m", (user("x"), assistant(ToolCall("c", "old", "{}")), result("c", "1")), tools=(WEATHER,))
    )
    assert [function["name"] for function in body["functions"]] == ["weather", "old"]
    assert body["functions"][1]["parameters"] == {"type": "object", "properties": {}}
    assert body["function_call"] == "auto"
    alone = sent(ChatRequest("m", (user("x"), assistant(ToolCall("c", "old", "{}")), result("c", "1"))))
    assert [function["name"] for function in alone["functions"]] == ["old"]
    assert alone["function_call"] == "none"


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (NoTool(), "none"),
        (OneTool("time"), {"name": "time"}),
        (AnyTool(), "auto"),
    ],
)
def test_tool_choice(choice: ToolChoice, wanted: object) -> None:
    body = sent(ChatRequest("m", (user("x"),), tools=(WEATHER, TIME), tool_choice=choice))
    assert body["function_call"] == wanted


def test_names_that_the_api_refuses_are_mapped_in_tools_choice_and_history() -> None:
    tool = Function("погода в городе")
    history = (user("x"), assistant(ToolCall("c", tool.name, "{}")), result("c", "1"))
    body = sent(ChatRequest("m", history, tools=(tool,), tool_choice=OneTool(tool.name)))
    name = body["functions"][0]["name"]
    assert name.isascii()
    assert " " not in name
    assert body["function_call"] == {"name": name}
    assert body["messages"][1]["function_call"]["name"] == name
    assert body["messages"][2]["name"] == name


def test_state_ids_go_back_on_their_call_until_the_dialect_forbids_it() -> None:
    request = ChatRequest(
        "m", (user("x"), assistant(ToolCall("c", "time", "{}", Opaque("gigachat", STATE))), result("c", "1"))
    )
    call = WIRE.encode(request, MAX, frozenset())
    assert msgspec.json.decode(call.body)["messages"][1]["functions_state_id"] == STATE
    correction = call.correct(Problem(Kind.INVALID_REQUEST, "Invalid params: whatever", code="upstream_422"))
    assert correction is not None
    again = WIRE.encode(request, MAX, frozenset({correction}))
    assert b"functions_state_id" not in again.body
    assert again.correct(Problem(Kind.INVALID_REQUEST, "still")) is None
    foreign = ChatRequest(
        "m",
        (
            user("x"),
            assistant(ToolCall("c", "time", "{}", Opaque("openai", "s"))),
        ),
    )
    assert b"functions_state_id" not in WIRE.encode(foreign, MAX, frozenset()).body


def test_temperature_zero_is_said_as_top_p_zero() -> None:
    body = sent(ChatRequest("m", (user("x"),), temperature=0, top_p=0.9))
    assert "temperature" not in body
    assert body["top_p"] == 0
    warm = sent(ChatRequest("m", (user("x"),), temperature=0.5, top_p=0.9))
    assert (warm["temperature"], warm["top_p"]) == (0.5, 0.9)


def test_max_tokens_is_clamped_and_listed_by_the_clients_word() -> None:
    request = ChatRequest("m", (user("x"),), max_tokens=64_000, spelled={"max_tokens": "max_completion_tokens"})
    call = WIRE.encode(request, MAX, frozenset())
    assert msgspec.json.decode(call.body)["max_tokens"] == MAX.capabilities.max_output
    assert call.ignored == ("max_completion_tokens",)


def test_effort_is_sent_to_models_that_reason_and_listed_for_others() -> None:
    request = ChatRequest("m", (user("x"),), effort="xhigh", spelled={"effort": "reasoning_effort"})
    assert sent(request, model("GigaChat-2-Reasoning", "gigachat"))["reasoning_effort"] == "high"
    call = WIRE.encode(request, MAX, frozenset())
    assert b"reasoning_effort" not in call.body
    assert call.ignored == ("reasoning_effort",)


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 10}}, "required": ["n"]}


def test_a_schema_is_sent_flat_where_the_mode_is_native() -> None:
    body = sent(ChatRequest("m", (user("x"),), format=JsonSchema(SCHEMA, "Out", strict=True)))
    assert body["response_format"] == {"type": "json_schema", "schema": SCHEMA, "strict": True}


def test_a_schema_is_a_forced_function_where_it_is_not() -> None:
    request = ChatRequest("m", (user("x"),), format=JsonSchema(SCHEMA))
    call = WIRE.encode(request, OLD, frozenset())
    body = msgspec.json.decode(call.body)
    assert body["function_call"] == {"name": body["functions"][0]["name"]}
    assert "response_format" not in body


def test_a_schema_beside_tools_is_put_into_words() -> None:
    body = sent(ChatRequest("m", (user("x"),), tools=(TIME,), format=JsonSchema(SCHEMA)))
    assert "response_format" not in body
    assert '"maximum":10' in body["messages"][0]["content"]


def test_json_object_is_put_into_words() -> None:
    body = sent(ChatRequest("m", (system("You are kind."), user("x")), format=AnyJson()))
    assert body["messages"][0]["content"].startswith("You are kind.\n\nAnswer with one JSON object")
    assert body["response_format"]["schema"] == {"type": "object", "properties": {}}


def test_gigachats_own_fields_go_through() -> None:
    own = {"profanity_check": False, "repetition_penalty": 1.1, "flags": ["preprocess"], "unknown": 1}
    body = sent(ChatRequest("m", (user("x"),), extra={"gigachat": own, "other": {"stream": False}}))
    assert body["profanity_check"] is False
    assert body["repetition_penalty"] == 1.1
    assert body["flags"] == ["preprocess"]
    assert "unknown" not in body


def test_lone_surrogates_never_leave() -> None:
    body = sent(ChatRequest("m", (user("a\ud800b"), assistant("\udc00"), user("x"))))
    assert body["messages"][0]["content"] == "a�b"


def test_the_encoder_may_be_called_again() -> None:
    request = ChatRequest("m", (user("x"), assistant(ToolCall("c", "time", "{}"))), tools=(WEATHER,))
    assert WIRE.encode(request, MAX, frozenset()).body == WIRE.encode(request, MAX, frozenset()).body


def test_a_demanded_call_of_the_only_tool_is_forced() -> None:
    body = sent(ChatRequest("m", (user("x"),), tools=(TIME,), tool_choice=AnyTool()))
    assert body["function_call"] == {"name": "time"}


def test_a_pattern_is_asked_for_in_words() -> None:
    body = sent(ChatRequest("m", (user("Hi"),), format=Regex("[A-Z]+")))
    assert "response_format" not in body
    assert body["messages"][0]["role"] == "system"
    assert body["messages"][0]["content"].endswith("\n[A-Z]+")


def test_fields_that_only_v2_has_are_listed() -> None:
    own = {"user_info": {"timezone": "Asia/Omsk"}, "flags": ["preprocess"]}
    call = WIRE.encode(ChatRequest("m", (user("Hi"),), extra={"gigachat": own}), MAX, frozenset())
    assert call.ignored == ("user_info",)
    assert msgspec.json.decode(call.body)["flags"] == ["preprocess"]
