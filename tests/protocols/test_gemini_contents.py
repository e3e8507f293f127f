"""Gemini: contents and the system instruction to messages."""

from typing import Any

import msgspec
import pytest

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming
from gigamost.core.messages import (
    ClientFile,
    Inline,
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.core.request import ChatRequest
from gigamost.protocols.gemini import Exchange


def read(**body: Any) -> ChatRequest:
    return Exchange(Incoming(msgspec.json.encode(body), {"model": "m"}, {}, {})).request


def messages(contents: Any) -> tuple[Message, ...]:
    return read(contents=contents).messages


def user(*parts: Any) -> Any:
    return [{"role": "user", "parts": list(parts)}]


def refusal(contents: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        messages(contents)
    assert caught.value.problem.status == 400
    return caught.value.problem


@pytest.mark.parametrize(
    "contents",
    [
        "hi",
        ["hi"],
        {"parts": [{"text": "hi"}]},
        {"role": "user", "parts": {"text": "hi"}},
        [{"role": "USER", "parts": [{"text": "hi", "thoughtSignature": "x"}]}],
        [{"parts": [{"text": "hi"}, {"text": ""}]}],
        [{"parts": [{"text": "hi", "thought": True}]}],
    ],
)
def test_contents_in_every_form(contents: Any) -> None:
    assert messages(contents) == (Message("user", (Text("hi"),)),)


@pytest.mark.parametrize(
    "instruction",
    [
        "be kind",
        {"role": "system", "parts": [{"text": "be kind"}]},
        {"role": "user", "parts": {"text": "be kind"}},
        {"parts": [{"text": "be kind"}]},
        ["be kind"],
        [{"text": "be kind"}],
    ],
)
def test_system_instructions_in_every_form(instruction: Any) -> None:
    asked = read(contents="hi", systemInstruction=instruction)
    assert asked.messages == (Message("system", (Text("be kind"),)), Message("user", (Text("hi"),)))


@pytest.mark.parametrize("instruction", [None, "", [], {}, {"parts": []}, {"parts": [{"text": ""}]}])
def test_an_empty_system_instruction_is_none(instruction: Any) -> None:
    assert read(contents="hi", systemInstruction=instruction).messages == (Message("user", (Text("hi"),)),)


def test_a_conversation_with_calls_and_results() -> None:
    """Results of one content become a message of their own, in their place; a client's text after them stays."""
    told = messages(
        [
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "I think", "thought": True, "thoughtSignature": "skip_thought_signature_validator"},
                    {"text": "Let me see"},
                    {"functionCall": {"id": "1", "name": "weather", "args": {"city": "Omsk"}}, "thoughtSignature": "x"},
                    {"functionCall": {"name": "time"}},
                ],
            },
            {
                "role": "function",
                "parts": [
                    {"functionResponse": {"id": "1", "name": "weather", "response": {"output": "+5"}}},
                    {"functionResponse": {"name": "time", "response": {"error": "no clock"}}},
                    {"text": "Go on"},
                ],
            },
            {"role": "model", "parts": []},
        ]
    )
    assert told == (
        Message("user", (Text("Weather?"),)),
        Message(
            "assistant",
            (
                Reasoning("I think"),
                Text("Let me see"),
                ToolCall("1", "weather", '{"city":"Omsk"}'),
                ToolCall("", "time", "{}"),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("1", (Text('{"output":"+5"}'),), "weather"),
                ToolResult("", (Text('{"error":"no clock"}'),), "time", is_error=True),
            ),
        ),
        Message("user", (Text("Go on"),)),
        Message("assistant", ()),
    )


@pytest.mark.parametrize(
    ("response", "shown", "is_error"),
    [
        ({"result": 5}, '{"result":5}', False),
        ({"output": "x", "error": None}, '{"output":"x","error":null}', False),
        ({}, "{}", False),
        ({"error": None}, '{"error":null}', False),
        ("as text", "as text", False),
        ([1, 2.5], "[1,2.5]", False),
        ({"error": {"code": 1}}, '{"error":{"code":1}}', True),
    ],
)
def test_a_result_goes_as_it_is(response: Any, shown: str, is_error: bool) -> None:
    (told,) = messages(user({"functionResponse": {"name": "f", "response": response}}))
    assert told.parts == (ToolResult("", (Text(shown),), "f", is_error=is_error),)


def test_a_result_may_bring_media() -> None:
    part = {"functionResponse": {"name": "f", "parts": [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]}}
    (told,) = messages(user(part))
    assert told.parts == (ToolResult("", (Media("image", Inline(b"x"), "image/png"),), "f"),)


@pytest.mark.parametrize(
    ("part", "media"),
    [
        (
            {"inlineData": {"mimeType": "image/png", "data": "-_8=", "displayName": "a.png"}},
            Media("image", Inline(b"\xfb\xff"), "image/png", "a.png"),
        ),
        ({"inlineData": {"mimeType": "audio/wav", "data": "+/8"}}, Media("audio", Inline(b"\xfb\xff"), "audio/wav")),
        ({"inlineData": {"data": "eA=="}}, Media("document", Inline(b"x"))),
        (
            {"fileData": {"fileUri": "https://example.com/files/a.pdf", "mimeType": "application/pdf"}},
            Media("document", Url("https://example.com/files/a.pdf"), "application/pdf"),
        ),
        (
            {"fileData": {"fileUri": "http://127.0.0.1:8090/v1beta/files/file-abcXYZ019", "mimeType": "image/png"}},
            Media("image", ClientFile("file-abcXYZ019"), "image/png"),
        ),
        ({"fileData": {"fileUri": "files/file-abc"}}, Media("document", ClientFile("file-abc"))),
        (
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/file-abc:download"}},
            Media("document", ClientFile("file-abc")),
        ),
    ],
)
def test_media(part: Any, media: Media) -> None:
    assert messages(user(part)) == (Message("user", (media,)),)


def test_code_that_ran_is_told_as_text() -> None:
    (told,) = messages(
        [
            {
                "role": "model",
                "parts": [
                    {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
                    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                ],
            }
        ]
    )
    assert told.parts == (Text("```python\nprint(1)\n```\n"), Text("```\n1\n```\n"))


def test_what_is_said_about_a_part_is_listed_once() -> None:
    asked = read(
        contents=user(
            {"text": "a", "videoMetadata": {"fps": 1}, "mediaResolution": {"level": "LOW"}},
            {"text": "b", "partMetadata": {"x": 1}, "videoMetadata": {}},
            {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}},
            {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB"}},
            {"thoughtSignature": "x"},
            {"functionResponse": {"name": "f", "response": {}, "scheduling": "SILENT"}},
        )
    )
    assert set(asked.ignored) == {
        "contents.parts.mediaResolution",
        "contents.parts.videoMetadata",
        "contents.parts.partMetadata",
        "contents.parts.toolCall",
        "contents.parts.toolResponse",
        "contents.parts.functionResponse.scheduling",
    }
    assert len(asked.ignored) == len(set(asked.ignored))
    assert asked.messages[0].parts == (Text("a"), Text("b"))


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "?"}}, "inlineData.data"),
        ({"inlineData": {"mimeType": "image/png"}}, "inlineData.data"),
        ({"inlineData": {"mimeType": "video/mp4", "data": "eA=="}}, "inlineData.mimeType"),
        ({"fileData": {}}, "fileData.fileUri"),
        ({"fileData": {"fileUri": "gs://bucket/a.png"}}, "fileData.fileUri"),
        ({"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}}, "fileData.fileUri"),
        ({"fileData": {"fileUri": "https://youtu.be/x"}}, "fileData.fileUri"),
        ({"fileData": {"fileUri": "files/somewhere-else"}}, "fileData.fileUri"),
        ({"functionCall": {"name": "f"}}, "functionCall"),
        ({"functionResponse": {"response": {}}}, "functionResponse.name"),
        ({"functionResponse": {"name": "f", "parts": [{}]}}, "functionResponse.parts[0]"),
    ],
)
def test_a_part_that_cannot_be_used_is_a_400_with_its_place(part: Any, param: str) -> None:
    problem = refusal([*user({"text": "x"}), *user({"text": "y"}, part)])
    assert problem.param == f"contents[1].parts[1].{param}"


@pytest.mark.parametrize(
    ("call", "param"),
    [({}, "functionCall.name"), ({"name": "f", "partialArgs": [{"jsonPath": "$.a"}]}, "functionCall.partialArgs")],
)
def test_a_call_that_is_not_whole_is_refused(call: Any, param: str) -> None:
    assert refusal({"role": "model", "parts": [{"functionCall": call}]}).param == f"contents.parts[0].{param}"
