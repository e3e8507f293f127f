"""Converse, server role: answers, streams and errors, read by botocore's parser of the service."""

import base64
import json
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # AWS gives it no types
import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]  # AWS gives it no types
from botocore.parsers import create_parser  # type: ignore[import-untyped]  # AWS gives it no types
from hypothesis import given
from hypothesis import strategies as st

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming, Listed
from gigamost.core.fold import Reply, unfold
from gigamost.core.messages import BuiltinCall, Citation, FileRef, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.models import Capabilities, Model
from gigamost.core.usage import Usage
from gigamost.protocols.bedrock_converse import Exchange, encode_error, error_headers
from gigamost.protocols.bedrock_converse.errors import NAMES
from gigamost.protocols.bedrock_converse.models import encode_list, encode_one

SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
PARSER: Any = create_parser("rest-json")
WHOLE: Any = SERVICE.operation_model("Converse").output_shape
STREAM: Any = SERVICE.operation_model("ConverseStream").output_shape.members["stream"]
STAMP = Stamp("abc", 1700000000, "m", lambda: 1_234_567_890)
USAGE = Usage(20, 7, 5, 2)
SHOWN_USAGE = {
    "inputTokens": 15,
    "outputTokens": 7,
    "totalTokens": 27,
    "cacheReadInputTokens": 5,
    "cacheWriteInputTokens": 0,
}
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg")


def asked(**fields: Any) -> Exchange:
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "x"}]}], **fields}).encode()
    return Exchange(Incoming(body, {"model": "m"}, {}, {}), stream=True)


def whole(reply: Reply, **fields: Any) -> Any:
    body = asked(**fields).encode(reply, STAMP)
    parsed = PARSER.parse({"body": body, "headers": {}, "status_code": 200}, WHOLE)
    del parsed["ResponseMetadata"]
    return parsed


def content(*parts: Any) -> Any:
    return whole(Reply(parts, "stop", USAGE))["output"]["message"]["content"]


def streamed(*events: Event, **fields: Any) -> list[Any]:
    """The events as botocore gives them to a program; an exception is {"exception": name, "message": ...}."""
    encoder = asked(**fields).encoder(STAMP)
    assert encoder.keepalive() == b""
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(encoder.feed(event) for event in events))
    told: list[Any] = []
    for message in buffer:
        response = message.to_response_dict()
        parsed = PARSER._event_stream_parser.parse(response, STREAM)
        if response["status_code"] == 200:
            told.append(parsed)
        else:
            told.append({"exception": message.headers[":exception-type"], **json.loads(message.payload)})
    return told


def block(index: int, start: Any, *deltas: Any) -> list[Any]:
    opened = [{"contentBlockStart": {"start": start, "contentBlockIndex": index}}] if start else []
    told = [{"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}} for delta in deltas]
    return [*opened, *told, {"contentBlockStop": {"contentBlockIndex": index}}]


START = {"messageStart": {"role": "assistant"}}


def end(reason: str, **more: Any) -> list[Any]:
    return [
        {"messageStop": {"stopReason": reason, **more}},
        {"metadata": {"usage": SHOWN_USAGE, "metrics": {"latencyMs": 1234}}},
    ]


def test_a_whole_answer() -> None:
    parts = (Reasoning("hm"), Text("Hello"), ToolCall("call1", "weather", '{"city":"Омск","n":1.0}'))
    assert whole(Reply(parts, "tool_calls", USAGE)) == {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                    {"text": "Hello"},
                    {"toolUse": {"toolUseId": "call1", "name": "weather", "input": {"city": "Омск", "n": 1.0}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": SHOWN_USAGE,
        "metrics": {"latencyMs": 1234},
    }


def test_blocks_of_other_kinds() -> None:
    found = Citation("https://a.b/c", "C")
    cited = {"title": "C", "location": {"web": {"url": "https://a.b/c", "domain": "a.b"}}}
    assert content(Text("x", (found,))) == [{"text": "x"}, {"citationsContent": {"citations": [cited]}}]
    assert content(PICTURE) == [{"image": {"format": "jpeg", "source": {"bytes": b"jpeg"}}}]
    data = base64.b64encode(b"glb").decode()
    solid = Media("model3d", Inline(b"glb"), "model/gltf-binary")
    assert content(solid) == [{"text": f"[model3d](data:model/gltf-binary;base64,{data})"}]
    assert content(Media("image", FileRef("f"))) == [{"text": "[image]"}]
    assert content(BuiltinCall("web_search", "b1", "searching")) == [{"text": ""}]
    assert content(ToolCall("a", "b", "")) == [{"toolUse": {"toolUseId": "a", "name": "b", "input": {}}}]
    assert content(ToolCall("a", "b", "{oops")) == [
        {"toolUse": {"toolUseId": "a", "name": "b", "input": {"arguments": "{oops"}}}
    ]


def test_a_stream_of_every_kind() -> None:
    found = Citation("https://a.b/c", "")
    events: tuple[Event, ...] = (
        Start("GigaChat"),
        *(PartStart("reasoning"), PartDelta("h"), PartDelta("m"), PartEnd()),
        *(PartStart("text"), PartDelta("Привет"), PartDelta(""), PartDelta("!"), PartEnd(citations=(found,))),
        *(PartStart("text"), PartEnd()),
        *(PartStart("builtin", "image_generation"), PartDelta("painting"), PartEnd(media=(PICTURE,))),
        *(PartStart("tool_call", "weather", "call1"), PartDelta('{"a"'), PartDelta(":1}"), PartEnd()),
        *(PartStart("tool_call", "time", "call2"), PartEnd()),
        Finish("tool_calls", USAGE),
    )
    cited = {"title": "https://a.b/c", "location": {"web": {"url": "https://a.b/c", "domain": "a.b"}}}
    assert streamed(*events) == [
        START,
        *block(0, None, {"reasoningContent": {"text": "h"}}, {"reasoningContent": {"text": "m"}}),
        *block(1, None, {"text": "Привет"}, {"text": "!"}, {"citation": cited}),
        *block(2, {"image": {"format": "jpeg"}}, {"image": {"source": {"bytes": b"jpeg"}}}),
        *block(
            3,
            {"toolUse": {"toolUseId": "call1", "name": "weather"}},
            {"toolUse": {"input": '{"a"'}},
            {"toolUse": {"input": ":1}"}},
        ),
        *block(4, {"toolUse": {"toolUseId": "call2", "name": "time"}}),
        *end("tool_use"),
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_any_text_arrives(texts: list[str]) -> None:
    told = streamed(Start(), PartStart("text"), *map(PartDelta, texts), PartEnd(), Finish("stop", USAGE))
    said = [event["contentBlockDelta"]["delta"]["text"] for event in told if "contentBlockDelta" in event]
    assert said == [text for text in texts if text]


@pytest.mark.parametrize(
    ("finish", "stop", "reason"),
    [
        ("stop", None, "end_turn"),
        ("stop", "END", "stop_sequence"),
        ("length", None, "max_tokens"),
        ("tool_calls", None, "tool_use"),
        ("content_filter", None, "content_filtered"),
    ],
)
def test_reasons_to_stop(finish: Any, stop: str | None, reason: str) -> None:
    reply = Reply((Text("a"),), finish, USAGE, stop_sequence=stop)
    assert whole(reply)["stopReason"] == reason
    assert streamed(*unfold(reply))[-2:] == end(reason)


def test_what_was_asked_for_beside_the_answer() -> None:
    reply = Reply((Text("a"),), "stop", USAGE, stop_sequence="END", thread="thread1")
    paths = ["/stop_sequence", "/delta/stop_sequence", "/stop_sequence/stop_sequence", "/other"]
    shown = {"thread_id": "thread1", "stop_sequence": "END", "delta": {"stop_sequence": "END"}}
    fields = {"additionalModelResponseFieldPaths": paths}
    assert whole(reply, **fields)["additionalModelResponseFields"] == shown
    assert streamed(*unfold(reply), **fields)[-2:] == end("stop_sequence", additionalModelResponseFields=shown)
    plain = Reply((Text("a"),), "stop", USAGE)
    assert "additionalModelResponseFields" not in whole(plain, **fields)


def test_a_failure_after_a_closed_block() -> None:
    problem = Problem(Kind.UPSTREAM_FAILED, "It broke.")
    told = streamed(Start(), PartStart("text"), PartDelta("a"), PartEnd(), Failure(problem))
    broken = {
        "exception": "modelStreamErrorException",
        "message": "It broke.",
        "originalStatusCode": 502,
        "originalMessage": "It broke.",
    }
    assert told == [START, *block(0, None, {"text": "a"}), broken]
    assert streamed(Failure(problem)) == [broken]


def test_a_call_that_a_failure_cuts_is_never_completed() -> None:
    told = streamed(
        Start(), PartStart("tool_call", "weather", "c1"), PartDelta('{"a'), Failure(Problem(Kind.RATE_LIMITED, "Slow"))
    )
    opened = block(0, {"toolUse": {"toolUseId": "c1", "name": "weather"}}, {"toolUse": {"input": '{"a'}})[:-1]
    assert told == [START, *opened, {"exception": "throttlingException", "message": "Slow"}]


@pytest.mark.parametrize("kind", Kind)
def test_errors_have_names_that_the_service_has(kind: Kind) -> None:
    problem = Problem(kind, "What is wrong.", "messages")
    ((header, name),) = error_headers(problem)
    assert header == "x-amzn-ErrorType"
    response = {"body": encode_error(problem, "id"), "headers": {header.lower(): name}, "status_code": problem.status}
    parsed = PARSER.parse(response, WHOLE)
    assert parsed["Error"]["Code"] == name
    assert parsed["Error"]["Message"].endswith("What is wrong.")
    known = {shape.name for shape in SERVICE.operation_model("Converse").error_shapes}
    assert name in known | {"UnrecognizedClientException", "ServiceQuotaExceededException"}
    assert NAMES[kind][1] in STREAM.members
    (told,) = streamed(Failure(problem))
    assert told["message"].endswith("What is wrong.")


def test_an_overflow_has_the_words_that_agents_know() -> None:
    said = json.loads(encode_error(Problem(Kind.CONTEXT_OVERFLOW, "Too much."), "id"))
    assert said == {"message": "Input is too long for requested model. Too much."}


def test_models() -> None:
    chat = Listed("gigachat", Model("GigaChat-2-Max", "gigachat", capabilities=Capabilities(vision=True)))
    embedder = Listed("Embeddings", Model("Embeddings", "gigachat", "embedder"))
    other = Listed("GigaFilter", Model("GigaFilter", "gigachat", "filter"))
    models = [chat, embedder, other]

    def listed(**query: str) -> list[str]:
        body = encode_list(models, Incoming(b"", {}, query, {}))
        return [model["modelId"] for model in json.loads(body)["modelSummaries"]]

    assert listed() == ["gigachat", "Embeddings"]
    assert listed(byOutputModality="TEXT", byProvider="SaluteDevices") == ["gigachat"]
    assert listed(byProvider="Anthropic") == listed(byInferenceType="PROVISIONED") == []
    details = json.loads(encode_one(chat))["modelDetails"]
    assert details["inputModalities"] == ["TEXT", "IMAGE"]
    assert details["modelArn"].endswith("foundation-model/gigachat")
