"""Chat Completions, server role: what becomes of every form of a message."""

import base64
from typing import Any

import msgspec
import pytest

from gigamost.core.messages import ClientFile, Inline, Media, Message, Opaque, Text, ToolCall, ToolResult, Url
from gigamost.core.request import ChatRequest
from gigamost.protocols.openai_chat import Exchange

HI: Any = {"role": "user", "content": "hi"}


def decoded(**fields: Any) -> ChatRequest:
    return Exchange(msgspec.json.encode({"model": "gpt-4o", **fields})).request


def message(given: Any) -> Message:
    (read,) = decoded(messages=[given]).messages
    return read


def test_roles() -> None:
    given = [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {"role": "user", "content": ""},
        {"role": "user", "content": None},
        {"role": "assistant", "refusal": "no"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "never"}], "audio": None},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "5"}]},
        {"role": "function", "name": "weather", "content": "6"},
    ]
    assert decoded(messages=given).messages == (
        Message("system", (Text("s"),)),
        Message("system", (Text("d"),)),
        Message("user", ()),
        Message("user", ()),
        Message("assistant", (Text("no"),)),
        Message("assistant", (Text("never"),)),
        Message("tool", (ToolResult("call_1", (Text("5"),)),)),
        Message("tool", (ToolResult("", (Text("6"),), "weather"),)),
    )


def test_a_name_of_a_speaker_is_listed_once() -> None:
    asked = decoded(messages=[{**HI, "name": "ann"}, {**HI, "name": "bob"}])
    assert asked.ignored == ("messages.name",)


def test_calls_of_the_history_in_all_their_forms() -> None:
    said = message(
        {
            "role": "assistant",
            "content": "wait",
            "functions_state_id": "0199",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": '{"x": 1}'}},
                {"id": "call_2", "function": {"name": "b", "arguments": {"parsed": True}}},
                {"type": "custom", "custom": {"name": "c", "input": 'ls "x"'}},
                {"id": "call_4", "function": {"name": "d"}},
            ],
        }
    )
    state = Opaque("gigachat", "0199")
    assert said.parts == (
        Text("wait"),
        ToolCall("call_1", "a", '{"x": 1}', state),
        ToolCall("call_2", "b", '{"parsed":true}', state),
        ToolCall("", "c", r'{"input":"ls \"x\""}', state),
        ToolCall("call_4", "d", "", state),
    )
    older = message({"role": "assistant", "content": None, "function_call": {"name": "a", "arguments": "{}"}})
    assert older.parts == (ToolCall("", "a", "{}"),)


PNG = b"\x89PNG\r\n\x1a\n"
ENCODED = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "x"}, Text("x")),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{ENCODED}"}},
            Media("image", Inline(PNG), "image/png"),
        ),
        ({"type": "image_url", "image_url": "https://example.com/a"}, Media("image", Url("https://example.com/a"))),
        (
            {"type": "input_audio", "input_audio": {"data": ENCODED, "format": "wav"}},
            Media("audio", Inline(PNG), "audio/wav"),
        ),
        (
            {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain,hi%21"}},
            Media("document", Inline(b"hi!"), "text/plain", "a.txt"),
        ),
        ({"type": "file", "file": {"file_data": ENCODED}}, Media("document", Inline(PNG))),
        (
            {"type": "file", "file": {"file_data": f"data:audio/wav;base64,{ENCODED}"}},
            Media("audio", Inline(PNG), "audio/wav"),
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, Media("document", ClientFile("file-1"))),
    ],
)
def test_parts_of_a_users_message(part: Any, expected: Any) -> None:
    assert message({"role": "user", "content": [part]}).parts == (expected,)


def test_the_detail_of_a_picture_is_listed() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a", "detail": "high"}}
    asked = decoded(messages=[{"role": "user", "content": [part, part]}])
    assert asked.ignored == ("messages.content.image_url.detail",)
