"""Anthropic Messages, server role: what a conversation becomes."""

import base64
import json
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
import pytest
from anthropic.types.beta import BetaContentBlockParam, BetaSystemMessageParam
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.gateway.bodies import ANYTHING

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.messages import (
    BuiltinCall,
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
from gigamost.protocols.anthropic_messages import Exchange, wire
from gigamost.protocols.anthropic_messages.messages import SUMMARY

DATA = base64.b64encode(b"bytes").decode()
PNG = Media("image", Inline(b"bytes"), "image/png")


def decoded(*messages: Any) -> ChatRequest:
    body = {"model": "claude", "max_tokens": 9, "messages": messages}
    return Exchange(msgspec.json.encode(body)).request


def said(*messages: Any) -> tuple[Message, ...]:
    asked = decoded(*messages)
    assert asked.ignored == ()
    return asked.messages


def user(*blocks: Any) -> Any:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> Any:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str) -> Any:
    return {"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}


def image(**source: Any) -> Any:
    return {"type": "image", "source": source}


def document(source: Any, **more: Any) -> Any:
    return {"type": "document", "source": source, **more}


def result(content: Any, **more: Any) -> Any:
    return {"type": "tool_result", "tool_use_id": "toolu1", "content": content, **more}


def refused_at(*messages: Any) -> str | None:
    with pytest.raises(GatewayError) as caught:
        decoded(*messages)
    assert caught.value.problem.status == 400
    return caught.value.problem.param


def tags(kind: Any) -> set[str]:
    """The values that `type` has in a union of the official client's types."""
    if get_origin(kind) is Literal:
        return set(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return tags(kind.model_fields["type"].annotation)
    if is_typeddict(kind):
        return tags(get_type_hints(kind)["type"])
    return {tag for each in get_args(kind) for tag in tags(each)}


def test_every_block_of_the_official_client_is_known() -> None:
    ours = {str(each.__struct_config__.tag) for each in get_args(wire.ContentBlock)}
    system = get_type_hints(BetaSystemMessageParam)["content"]
    assert tags(BetaContentBlockParam) | tags(system) <= ours


@pytest.mark.parametrize(("content", "parts"), [("hi", (Text("hi"),)), ("", ()), (None, ()), ([], ())])
@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_plain_content(role: Any, content: Any, parts: Any) -> None:
    says_nothing = role == "system" and not parts
    assert said({"role": role, "content": content}) == (() if says_nothing else (Message(role, parts),))


def test_a_system_message_stands_anywhere() -> None:
    messages = ({"role": "user", "content": "a"}, {"role": "system", "content": [text("b")]}, user(text("c")))
    assert [message.role for message in said(*messages)] == ["user", "system", "user"]


def test_a_system_message_may_ask_in_vain() -> None:
    message = {
        "role": "system",
        "content": [text("a"), {"type": "mcp_tool_listing", "mcp_server_name": "m", "tools": []}],
        "clear_at": "next_user_message",
        "output_config": {"effort": "low"},
    }
    asked = decoded(message, message)
    assert asked.messages[0] == Message("system", (Text("a"),))
    assert asked.ignored == (
        "messages.clear_at",
        "messages.output_config",
        "messages.content.mcp_tool_listing",
    )


@pytest.mark.parametrize(
    ("block", "media"),
    [
        (image(type="base64", media_type="image/png", data=DATA), PNG),
        (image(type="base64", data=f"data:image/png;base64,{DATA}"), PNG),
        (image(type="url", url="https://x/a.png"), Media("image", Url("https://x/a.png"))),
        (image(type="file", file_id="file_1"), Media("image", ClientFile("file_1"))),
        (
            document({"type": "base64", "media_type": "application/pdf", "data": DATA}, title="a.pdf"),
            Media("document", Inline(b"bytes"), "application/pdf", "a.pdf"),
        ),
        (document({"type": "base64", "media_type": "image/png", "data": DATA}), PNG),
        (document({"type": "url", "url": "https://x/a.pdf"}), Media("document", Url("https://x/a.pdf"))),
        (document({"type": "file", "file_id": "file_1"}), Media("document", ClientFile("file_1"))),
        ({"type": "container_upload", "file_id": "file_1"}, Media("document", ClientFile("file_1"))),
    ],
)
def test_media(block: Any, media: Media) -> None:
    assert said(user(block)) == (Message("user", (media,)),)


def test_documents_of_words() -> None:
    plain = document({"type": "text", "media_type": "text/plain", "data": "long"}, title="T", context="About it")
    assert said(user(plain))[0].parts == (Text("[Document: T]\nAbout it\nlong"),)
    assert said(user(document({"type": "content", "content": "long"})))[0].parts == (Text("[Document]\nlong"),)
    mixed = document({"type": "content", "content": [text("a"), image(type="url", url="https://x")]}, title="T")
    assert said(user(mixed))[0].parts == (Text("[Document: T]"), Text("a"), Media("image", Url("https://x")))
    file = document({"type": "file", "file_id": "f"}, title="T", context="About it")
    assert said(user(file))[0].parts == (
        Text("[Document: T]\nAbout it"),
        Media("document", ClientFile("f"), "", "T"),
    )


def test_a_search_result_is_text() -> None:
    block = {"type": "search_result", "source": "https://x", "title": "T", "content": [text("a"), text("b")]}
    assert said(user(block))[0].parts == (Text("[Search result: T]\nhttps://x\na\nb"),)


def test_citations_that_are_asked_for_are_listed() -> None:
    block = document({"type": "text", "data": "x"}, citations={"enabled": True})
    transformed = {**image(type="url", url="https://x"), "transformations": {"oversized_image": "error"}}
    assert decoded(user(block, block)).ignored == ("messages.content.citations",)
    assert decoded(user(document({"type": "text", "data": "x"}, citations={"enabled": False}))).ignored == ()
    assert decoded(user(transformed)).ignored == ("messages.content.transformations",)


def test_calls_and_results_keep_their_order() -> None:
    calls = [
        {"type": "tool_use", "id": f"toolu{city}", "name": "weather", "input": {"city": city}}
        for city in ("Omsk", "Perm")
    ]
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_Omsk", "content": "+5"},
        {"type": "tool_result", "tool_use_id": "tooluPerm", "content": [text("no"), text("way")], "is_error": True},
    ]
    found = said(assistant(text("Let me see"), *calls), user(*results, text("Well?")))
    assert found == (
        Message(
            "assistant",
            (
                Text("Let me see"),
                ToolCall("tooluOmsk", "weather", '{"city":"Omsk"}'),
                ToolCall("tooluPerm", "weather", '{"city":"Perm"}'),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("toolu_Omsk", (Text("+5"),)),
                ToolResult("tooluPerm", (Text("no"), Text("way")), is_error=True),
            ),
        ),
        Message("user", (Text("Well?"),)),
    )


@pytest.mark.parametrize(("given", "arguments"), [({}, "{}"), (None, "{}"), ('{"a":1}', '{"a":1}'), ("", "")])
def test_the_input_of_a_call(given: Any, arguments: str) -> None:
    call = {"type": "tool_use", "id": "t", "name": "f", "input": given}
    assert said(assistant(call))[0].parts == (ToolCall("t", "f", arguments),)


def test_a_member_of_a_toolset_is_called_by_both_names() -> None:
    call = {"type": "tool_use", "id": "t", "name": "screenshot", "toolset_name": "computer", "input": {}}
    assert said(assistant(call))[0].parts == (ToolCall("t", "computer_screenshot", "{}"),)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ()),
        ("", ()),
        ("x", (Text("x"),)),
        ([image(type="base64", media_type="image/png", data=DATA)], (PNG,)),
        ([document({"type": "text", "data": "x"})], (Text("[Document]\nx"),)),
        (
            [{"type": "search_result", "source": "s", "title": "t", "content": []}],
            (Text("[Search result: t]\ns"),),
        ),
        ([{"type": "tool_reference", "tool_name": "x"}], (Text("The tool x can be called."),)),
        (
            [{"type": "browser_state", "tabs": [{"tab_id": "1"}]}],
            (Text('[State of the browser]\n{"tabs":[{"tab_id":"1"}],"state_changes":[]}'),),
        ),
    ],
)
def test_what_a_tool_may_answer(content: Any, expected: Any) -> None:
    assert said(user(result(content))) == (Message("tool", (ToolResult("toolu1", expected),)),)


def test_thinking_is_kept_apart_from_the_text() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    hidden = {"type": "thinking", "thinking": "", "signature": "s"}
    redacted = {"type": "redacted_thinking", "data": "x"}
    assert said(assistant(thought, hidden, redacted, text("a"))) == (
        Message("assistant", (Reasoning("hm"), Text("a"))),
    )


def test_what_a_server_ran_is_a_result_without_a_call() -> None:
    asked = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    page = {"type": "web_search_result", "url": "https://x", "title": "X", "encrypted_content": "zzz", "page_age": None}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [page]}
    assert said(assistant(text("a"), asked, found, text("b"))) == (
        Message("assistant", (Text("a"), BuiltinCall("web_search", "s1"))),
        Message("tool", (ToolResult("s1", (Text('{"url":"https://x","title":"X","page_age":null}'),), "web_search"),)),
        Message("assistant", (Text("b"),)),
    )


@pytest.mark.parametrize(
    ("block", "name", "content"),
    [
        (
            {"type": "code_execution_tool_result", "content": {"type": "code_execution_result", "stdout": "4"}},
            "code_execution",
            (Text('{"stdout":"4"}'),),
        ),
        (
            {"type": "web_search_tool_result", "content": {"type": "e", "error_code": "unavailable"}},
            "web_search",
            (Text('{"error_code":"unavailable"}'),),
        ),
        ({"type": "mcp_tool_result", "content": [text("a"), text("b")]}, "mcp", (Text("a"), Text("b"))),
        ({"type": "mcp_tool_result", "content": "a"}, "mcp", (Text("a"),)),
        (
            {
                "type": "web_fetch_tool_result",
                "content": {
                    "type": "web_fetch_result",
                    "url": "https://x",
                    "content": document({"type": "text", "data": "page"}, title="X"),
                },
            },
            "web_fetch",
            (Text("https://x"), Text("[Document: X]\npage")),
        ),
    ],
)
def test_results_of_servers_tools(block: Any, name: str, content: Any) -> None:
    assert said(assistant({"tool_use_id": "s1", **block})) == (Message("tool", (ToolResult("s1", content, name),)),)


def test_a_result_of_a_servers_tool_without_content_is_none() -> None:
    empty = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
    assert said(assistant(empty, text("a"))) == (Message("assistant", (Text("a"),)),)


def test_an_mcp_result_has_the_name_of_its_tool() -> None:
    asked = {"type": "mcp_tool_use", "id": "m1", "name": "echo", "server_name": "s", "input": {}}
    found = {"type": "mcp_tool_result", "tool_use_id": "m1", "content": "x", "is_error": True}
    assert said(assistant(asked, found)) == (Message("tool", (ToolResult("m1", (Text("x"),), "echo", is_error=True),)),)


def test_a_compaction_stands_for_all_before_it() -> None:
    compaction = {"type": "compaction", "content": "They talked."}
    assert said(user(text("a")), assistant(text("b"), compaction, text("c")), user(text("d"))) == (
        Message("user", (Text(SUMMARY + "They talked."),)),
        Message("assistant", (Text("c"),)),
        Message("user", (Text("d"),)),
    )
    unread = {"type": "compaction", "encrypted_content": "zzz"}
    assert said(user(text("a")), assistant(unread, text("b")))[0] == Message("user", (Text("a"),))


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (user({"type": "hologram"}), "messages[0].content[0].type"),
        (user({"type": "text"}), "messages[0].content[0]"),
        (user(text("a"), image(type="url", url="ftp://x")), "messages[0].content[1].source.url"),
        (user(image(type="base64", data="?")), "messages[0].content[0].source.data"),
        (user(image(type="file", file_id="")), "messages[0].content[0].source.file_id"),
        (user(image(type="text", data="x")), "messages[0].content[0].source.type"),
        (user({"type": "tool_use", "id": "t", "name": "f"}), "messages[0].content[0]"),
        (user({"type": "thinking", "thinking": "x"}), "messages[0].content[0]"),
        (user({"type": "web_search_tool_result", "tool_use_id": "s"}), "messages[0].content[0]"),
        (assistant(image(type="url", url="https://x")), "messages[0].content[0]"),
        (assistant(result("x")), "messages[0].content[0]"),
        (assistant({"type": "tool_use", "id": "t", "name": ""}), "messages[0].content[0].name"),
        (assistant({"type": "tool_use", "id": "t", "name": "f", "input": []}), "messages[0].content[0].input"),
        ({"role": "system", "content": [image(type="url", url="https://x")]}, "messages[0].content[0]"),
        (user(result([image(type="url", url="x")])), "messages[0].content[0].content[0].source.url"),
        (
            user(document({"type": "content", "content": [image(type="url", url="x")]})),
            "messages[0].content[0].source.content[0].source.url",
        ),
        (
            assistant({"type": "web_fetch_tool_result", "content": {"type": "web_fetch_result", "content": 5}}),
            "messages[0].content[0].content.content",
        ),
    ],
)
def test_a_block_that_cannot_be_is_a_400_that_names_its_place(message: Any, param: str) -> None:
    assert refused_at(message) == param


BLOCKS = st.sampled_from(
    [
        text("a"),
        image(type="base64", media_type="image/png", data=DATA),
        document({"type": "content", "content": [text("a")]}),
        result([text("a")]),
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "server_tool_use", "id": "s", "name": "code_execution", "input": {}},
        {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "\ud800"}},
        {"type": "compaction", "content": "x"},
    ]
)
KEYS = st.sampled_from(["type", "text", "source", "content", "input", "id", "name", "tool_use_id", "is_error", "data"])


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A body of blocks with up to three of their values replaced by anything, at any depth."""
    roles = st.sampled_from(["user", "assistant", "system"])
    messages = [
        {"role": draw(roles), "content": [msgspec.json.decode(_written(draw(BLOCKS))) for _ in range(3)]}
        for _ in range(draw(st.integers(1, 3)))
    ]
    for _ in range(draw(st.integers(0, 3))):
        block: Any = draw(st.sampled_from(draw(st.sampled_from(messages))["content"]))
        inner = (
            block.get("source") or block.get("content") if isinstance(block, dict) and draw(st.booleans()) else block
        )
        if isinstance(inner, dict):
            inner[draw(KEYS)] = draw(ANYTHING)
    return {
        "model": "claude",
        "max_tokens": 9,
        "messages": messages,
        **draw(st.dictionaries(FIELDS, ANYTHING, max_size=2)),
    }


FIELDS = st.sampled_from([field.encode_name for field in msgspec.structs.fields(wire.Messages)])


def _written(value: Any) -> bytes:
    return json.dumps(value).encode().replace(b"\\ud800", b"?")


def problem_of(body: bytes) -> Problem | None:
    """Anything but a GatewayError goes through, and fails the test."""
    try:
        Exchange(body)
    except GatewayError as refused:
        return refused.problem
    return None


@settings(max_examples=400, deadline=None)
@given(damaged() | ANYTHING)
def test_whatever_comes_is_read_or_refused(body: Any) -> None:
    problem = problem_of(json.dumps(body).encode())
    assert problem is None or (problem.status, bool(problem.message)) == (400, True)


@pytest.mark.parametrize("depth", [50, 200, 900, 5000])
@pytest.mark.parametrize("place", ["input", "content", "tabs", "examples"])
def test_depth_is_read_or_refused(depth: int, place: str) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    blocks = {
        "input": b'{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":%b}]}',
        "content": b'{"role":"assistant","content":[{"type":"mcp_tool_result","content":%b}]}',
        "tabs": b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":'
        b'[{"type":"browser_state","tabs":[%b]}]}]}',
        "examples": b'{"role":"user","content":"x"}],"tools":[{"name":"f","input_examples":[%b]}',
    }
    problem = problem_of(b'{"model":"m","max_tokens":9,"messages":[' + blocks[place] % deep + b"]}")
    assert problem is None if depth <= 200 else problem is None or problem.status == 400


def test_lone_surrogates_are_replaced_and_nothing_else() -> None:
    body = rb'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"\ud800 \ud83d\ude00"}]}'
    assert Exchange(body).request.messages[0].parts == (Text("\ufffd \N{GRINNING FACE}"),)
