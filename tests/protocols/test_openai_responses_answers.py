"""Responses, server role: whole answers, judged by goldens and by the types of the vendor's SDK."""

import base64
import json
from typing import Any

import msgspec
import pytest
from openai.types.responses import Response

from gigamost.core.codec import Stamp
from gigamost.core.errors import Kind, Problem
from gigamost.core.events import FinishReason
from gigamost.core.fold import Content, Reply
from gigamost.core.messages import BuiltinCall, Citation, FileRef, Inline, Media, Opaque, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.openai_responses import Exchange
from gigamost.protocols.openai_responses.errors import CODES, error_of
from gigamost.protocols.openai_responses.sealed import unseal

STAMP = Stamp("abc", 1700000000, "gpt-5", lambda: 2_500_000_000)
USAGE = Usage(20, 7, 5, 2)
PICTURE = Media("image", Inline(b"jpeg"), "image/jpeg")
TOOLS: Any = [
    {"type": "function", "name": "city"},
    {"type": "custom", "name": "note"},
    {"type": "namespace", "name": "crm", "description": "Customers", "tools": [{"type": "function", "name": "find"}]},
    {"type": "namespace", "name": "pad", "description": "Notes", "tools": [{"type": "custom", "name": "write"}]},
    {"type": "shell"},
    {"type": "local_shell"},
    {"type": "apply_patch"},
    {"type": "tool_search", "execution": "client"},
]
# Every key of the response object in the Open Responses schema, whose validators miss none of them.
KEYS = [
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "incomplete_details",
    "model",
    "previous_response_id",
    "instructions",
    "output",
    "error",
    "tools",
    "tool_choice",
    "truncation",
    "parallel_tool_calls",
    "text",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "reasoning",
    "usage",
    "max_output_tokens",
    "max_tool_calls",
    "store",
    "background",
    "service_tier",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
]


def encoded(reply: Reply, **fields: Any) -> Any:
    asked = Exchange(msgspec.json.encode({"model": "gpt-5", "input": "hi", **fields}))
    body = asked.encode(reply, STAMP)
    Response.model_validate_json(body, strict=True)
    return json.loads(body)


def output(*parts: Content, finish: FinishReason = "stop", **fields: Any) -> Any:
    return encoded(Reply(parts, finish, USAGE), **fields)["output"]


def test_a_text() -> None:
    assert encoded(Reply((Text('Привет, "мир"\n'),), "stop", USAGE), user="me", metadata={"a": "b"}) == {
        "id": "resp_abc",
        "object": "response",
        "created_at": 1700000000,
        "completed_at": 1700000002,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5",
        "output": [
            {
                "type": "message",
                "id": "msg_abco0",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": 'Привет, "мир"\n', "annotations": [], "logprobs": []}],
            }
        ],
        "usage": {
            "input_tokens": 20,
            "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 27,
        },
        "background": False,
        "frequency_penalty": 0.0,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {"a": "b"},
        "parallel_tool_calls": True,
        "presence_penalty": 0.0,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": "me",
    }


def test_no_key_of_the_schema_is_missing() -> None:
    assert set(KEYS) - set(encoded(Reply((), "stop", USAGE))) == set()


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_is_incomplete_and_so_is_its_last_item(finish: FinishReason, reason: str) -> None:
    answer = encoded(Reply((Text("a"), Text("b")), finish, USAGE))
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert [item["status"] for item in answer["output"]] == ["completed", "incomplete"]
    assert answer["completed_at"] is None


def test_calls() -> None:
    parts = (
        ToolCall("call1", "city", '{"a":1}'),
        ToolCall("call2", "note", r'{"input":"say \"hi\""}'),
        ToolCall("call3", "crm__find", "{}"),
        ToolCall("call4", "pad__write", '{"input":"x"}'),
        ToolCall("call5", "unknown", "{}"),
    )
    assert output(*parts, finish="tool_calls", tools=TOOLS) == [
        {
            "type": "function_call",
            "id": "fc_abco0",
            "call_id": "call1",
            "name": "city",
            "arguments": '{"a":1}',
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_abco1",
            "call_id": "call2",
            "name": "note",
            "input": 'say "hi"',
            "status": "completed",
        },
        {
            "type": "function_call",
            "id": "fc_abco2",
            "call_id": "call3",
            "name": "find",
            "namespace": "crm",
            "arguments": "{}",
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_abco3",
            "call_id": "call4",
            "name": "write",
            "namespace": "pad",
            "input": "x",
            "status": "completed",
        },
        {
            "type": "function_call",
            "id": "fc_abco4",
            "call_id": "call5",
            "name": "unknown",
            "arguments": "{}",
            "status": "completed",
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "shown"), [('{"input":[1]}', "[1]"), ('{"other":1}', '{"other":1}'), ("ls", "ls"), ("", "")]
)
def test_a_custom_tool_gets_its_free_text(arguments: str, shown: str) -> None:
    (item,) = output(ToolCall("call1", "note", arguments), tools=TOOLS)
    assert item["input"] == shown


@pytest.mark.parametrize(
    ("name", "arguments", "item"),
    [
        (
            "shell",
            '{"commands":["ls","pwd"],"timeout_ms":9}',
            {
                "type": "shell_call",
                "id": "sh_abco0",
                "action": {"commands": ["ls", "pwd"], "timeout_ms": 9},
                "environment": {"type": "local"},
            },
        ),
        (
            "local_shell",
            '{"command":"ls -l","working_directory":"/tmp"}',
            {
                "type": "local_shell_call",
                "id": "lsh_abco0",
                "action": {
                    "type": "exec",
                    "command": ["bash", "-lc", "ls -l"],
                    "env": {},
                    "working_directory": "/tmp",
                },
            },
        ),
        (
            "apply_patch",
            '{"type":"update_file","path":"a.py","diff":"@@\\n-a\\n+b"}',
            {
                "type": "apply_patch_call",
                "id": "apc_abco0",
                "operation": {"type": "update_file", "path": "a.py", "diff": "@@\n-a\n+b"},
            },
        ),
        (
            "apply_patch",
            '{"type":"delete_file","path":"a.py","diff":""}',
            {"type": "apply_patch_call", "id": "apc_abco0", "operation": {"type": "delete_file", "path": "a.py"}},
        ),
        (
            "tool_search",
            '{"query":"maps"}',
            {"type": "tool_search_call", "id": "tsc_abco0", "arguments": {"query": "maps"}, "execution": "client"},
        ),
    ],
)
def test_the_vendors_own_tools_have_items_of_their_own(name: str, arguments: str, item: dict[str, Any]) -> None:
    (made,) = output(ToolCall("call1", name, arguments), finish="tool_calls", tools=TOOLS)
    assert made == {**item, "call_id": "call1", "status": "completed"}


@pytest.mark.parametrize("name", ["shell", "local_shell", "apply_patch", "tool_search"])
@pytest.mark.parametrize("arguments", ["", "[]", "{}", '{"commands":5,"command":[5],"path":[],"timeout_ms":"x"}'])
def test_arguments_that_fit_nothing_still_make_an_item(name: str, arguments: str) -> None:
    assert len(output(ToolCall("call1", name, arguments), finish="length", tools=TOOLS)) == 1


def test_thoughts_are_content_or_a_summary() -> None:
    thought = {"type": "reasoning", "id": "rs_abco0", "summary": []}
    assert output(Reasoning("hm")) == [{**thought, "content": [{"type": "reasoning_text", "text": "hm"}]}]
    summary = [{"type": "summary_text", "text": "hm"}]
    assert output(Reasoning("hm"), reasoning={"summary": "auto"}) == [{**thought, "summary": summary}]


def test_thoughts_are_sealed_where_that_is_wanted() -> None:
    silent = Reasoning("", Opaque("gigachat", "token"))
    assert output(silent, Reasoning("")) == []
    loud = Reasoning("hm", Opaque("gigachat", "token"))
    items = output(silent, loud, include=["reasoning.encrypted_content"])
    assert [unseal(item["encrypted_content"]) for item in items] == [silent, loud]


def test_citations() -> None:
    (item,) = output(Text("See this", (Citation("https://a.b", "A", 4, 8),)))
    assert item["content"][0]["annotations"] == [
        {"type": "url_citation", "start_index": 4, "end_index": 8, "title": "A", "url": "https://a.b"}
    ]


def test_built_in_tools() -> None:
    parts = (
        BuiltinCall("web_search", log="10 s left"),
        BuiltinCall("web_fetch"),
        BuiltinCall("code_interpreter", is_failed=True),
        BuiltinCall("something_else"),
        BuiltinCall("image_generation"),
        PICTURE,
    )
    search, fetch, code, image = output(*parts)
    assert search == {
        "type": "web_search_call",
        "id": "ws_abco0",
        "status": "completed",
        "action": {"type": "search", "query": ""},
    }
    assert fetch["action"] == {"type": "open_page", "url": None}
    assert (code["type"], code["status"]) == ("code_interpreter_call", "failed")
    assert image == {
        "type": "image_generation_call",
        "id": "ig_abco3",
        "status": "completed",
        "result": base64.b64encode(b"jpeg").decode(),
        "output_format": "jpeg",
    }


def test_a_picture_takes_the_generation_right_before_it_and_no_other() -> None:
    drawn = output(PICTURE, BuiltinCall("image_generation"), PICTURE, PICTURE, BuiltinCall("image_generation"))
    assert [item["result"] is None for item in drawn] == [False, False, False, True]


def test_what_has_no_item_of_its_own_is_a_link() -> None:
    solid = Media("model3d", Inline(b"glb"), "model/gltf-binary", "cat.glb")
    linked, unseen = output(solid, Media("video", FileRef("id")))
    assert linked["content"][0]["text"] == "[cat.glb](data:model/gltf-binary;base64,Z2xi)"
    assert unseen["content"][0]["text"] == "[video]"


def test_a_trigger_turns_the_answer_into_a_compaction() -> None:
    items = [{"role": "user", "content": "Long story"}, {"type": "compaction_trigger"}]
    (item,) = output(Text("Short"), input=items)
    assert item["type"] == "compaction"
    assert unseal(item["encrypted_content"]) == Reasoning("Short")


@pytest.mark.parametrize("kind", Kind)
def test_a_failure_has_a_code_that_clients_know(kind: Kind) -> None:
    assert error_of(Problem(kind, "Bad luck")) == {"code": CODES.get(kind, "server_error"), "message": "Bad luck"}
