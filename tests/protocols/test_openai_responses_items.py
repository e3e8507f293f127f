"""Responses, server role: the items of an input as messages, and items that are recalled and kept."""

import base64
import json
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from openai.types.responses.response_input_item_param import ResponseInputItemParam
from openai.types.responses.response_item import ResponseItem
from pydantic import TypeAdapter

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Problem
from gigamost.core.fold import Reply
from gigamost.core.history import Item, Refers
from gigamost.core.messages import (
    BuiltinCall,
    ClientFile,
    Inline,
    Media,
    Message,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.core.request import ChatRequest, JsonSchema
from gigamost.core.usage import Usage
from gigamost.protocols.openai_responses import Exchange
from gigamost.protocols.openai_responses.sealed import seal, unseal

STAMP = Stamp("abc", 1700000000, "gpt-5")
PNG = base64.b64encode(b"png").decode()
USER: Any = {"role": "user", "content": "hi"}
ASKED = Message("user", (Text("hi"),))
CITY: Any = {"type": "function", "name": "city"}


def exchange(*items: Any, **fields: Any) -> Exchange:
    return Exchange(msgspec.json.encode({"model": "gpt-5", "input": list(items), **fields}))


def decoded(*items: Any, **fields: Any) -> ChatRequest:
    return exchange(*items, **fields).request


def said(*items: Any) -> tuple[Message, ...]:
    request = decoded(*items)
    assert request.ignored == ()
    return request.messages


def refusal(*items: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        exchange(*items)
    assert caught.value.problem.status == 400
    return caught.value.problem


def parts(*parts: Any) -> Any:
    return {"role": "user", "content": list(parts)}


def call(call_id: str, name: str = "city", **more: Any) -> Any:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": '{"a":1}', **more}


def result(call_id: str, output: Any = "ok") -> Any:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_texts_keep_their_place(role: str) -> None:
    late = {"role": role, "content": "later"}
    assert said({"role": role, "content": "first"}, USER, late) == (
        Message("system", (Text("first"),)),
        ASKED,
        Message("system", (Text("later"),)),
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_text", "text": "a"}, Text("a")),
        ({"type": "text", "text": "a"}, Text("a")),
        ({"type": "refusal", "refusal": "no"}, Text("no")),
        (
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
            Media("image", Inline(b"png"), "image/png"),
        ),
        ({"type": "input_image", "image_url": "https://a.b/c"}, Media("image", Url("https://a.b/c"))),
        ({"type": "input_image", "file_id": "file-1", "detail": "auto"}, Media("image", ClientFile("file-1"))),
        ({"type": "input_file", "file_id": "file-1"}, Media("document", ClientFile("file-1"))),
        (
            {"type": "input_file", "file_url": "https://a.b/c.pdf", "filename": "c.pdf"},
            Media("document", Url("https://a.b/c.pdf"), "", "c.pdf"),
        ),
        (
            {"type": "input_file", "file_data": f"data:application/pdf;base64,{PNG}", "filename": "c.pdf"},
            Media("document", Inline(b"png"), "application/pdf", "c.pdf"),
        ),
        ({"type": "input_file", "file_data": PNG}, Media("document", Inline(b"png"))),
        (
            {"type": "input_file", "file_data": f"data:image/png;base64,{PNG}"},
            Media("image", Inline(b"png"), "image/png"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": PNG, "format": "mp3"}},
            Media("audio", Inline(b"png"), "audio/mp3"),
        ),
    ],
)
def test_parts(part: Any, expected: Any) -> None:
    assert said(parts(part)) == (Message("user", (expected,)),)


def test_parallel_calls_stay_together_with_what_was_thought_and_said() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
    text: Any = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    text["content"] = [{"type": "output_text", "text": "Let me see", "annotations": []}]
    answered = said(USER, thought, text, call("c1"), call("c2"), result("c1"), result("c2", "no"), USER)
    assert answered == (
        ASKED,
        Message(
            "assistant",
            (
                Reasoning("hm"),
                Text("Let me see"),
                ToolCall("c1", "city", '{"a":1}'),
                ToolCall("c2", "city", '{"a":1}'),
            ),
        ),
        Message("tool", (ToolResult("c1", (Text("ok"),)), ToolResult("c2", (Text("no"),)))),
        ASKED,
    )


def test_two_texts_of_the_assistant_stay_two() -> None:
    first, second = ({"role": "assistant", "content": text} for text in "ab")
    assert said(USER, first, second)[1:] == (Message("assistant", (Text("a"),)), Message("assistant", (Text("b"),)))


def test_calls_of_a_namespace_and_of_custom_tools() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": 'say "hi"'}
    output = {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "done"}]}
    answered = said(USER, call("c1", "find", namespace="crm"), custom, result("c1"), output)
    assert answered[1].parts == (
        ToolCall("c1", "crm__find", '{"a":1}'),
        ToolCall("c2", "patch", r'{"input":"say \"hi\""}'),
    )
    assert answered[2].parts == (ToolResult("c1", (Text("ok"),)), ToolResult("c2", (Text("done"),)))


def test_a_result_may_hold_pictures() -> None:
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    answered = said(USER, call("c1"), result("c1", [{"type": "input_text", "text": "see"}, picture]))
    content = (Text("see"), Media("image", Inline(b"png"), "image/png"))
    assert answered[2].parts == (ToolResult("c1", content),)


def test_arguments_that_a_client_parsed_and_results_without_any() -> None:
    answered = said(USER, {**call("c1"), "arguments": {"a": 1}}, result("c1", None))
    assert answered[1:] == (
        Message("assistant", (ToolCall("c1", "city", '{"a":1}'),)),
        Message("tool", (ToolResult("c1", ()),)),
    )


@pytest.mark.parametrize(
    ("item", "name", "arguments"),
    [
        (
            {"type": "shell_call", "action": {"commands": ["ls", "pwd"], "timeout_ms": 5}},
            "shell",
            '{"commands":["ls","pwd"],"timeout_ms":5}',
        ),
        (
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {}}},
            "local_shell",
            '{"command":["ls"],"env":{}}',
        ),
        (
            {"type": "apply_patch_call", "operation": {"type": "create_file", "path": "a", "diff": "+b"}},
            "apply_patch",
            '{"type":"create_file","path":"a","diff":"+b"}',
        ),
        ({"type": "tool_search_call", "arguments": {"query": "x"}}, "tool_search", '{"query":"x"}'),
    ],
)
def test_calls_of_the_vendors_own_tools(item: Any, name: str, arguments: str) -> None:
    assert said(USER, {"call_id": "c1", **item})[1].parts == (ToolCall("c1", name, arguments),)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": "a", "stderr": ""}]},
            ToolResult("c1", (Text('[{"stdout":"a","stderr":""}]'),)),
        ),
        ({"type": "local_shell_call_output", "id": "c1", "output": "a"}, ToolResult("c1", (Text("a"),))),
        (
            {"type": "apply_patch_call_output", "call_id": "c1", "status": "failed", "output": "no such file"},
            ToolResult("c1", (Text("no such file"),), is_error=True),
        ),
        (
            {"type": "apply_patch_call_output", "call_id": "c1", "status": "completed"},
            ToolResult("c1", (Text("completed"),)),
        ),
    ],
)
def test_results_of_the_vendors_own_tools(item: Any, expected: ToolResult) -> None:
    assert said(USER, item)[1].parts == (expected,)


def test_a_call_of_a_foreign_server_is_a_call_with_its_result() -> None:
    item = {"type": "mcp_call", "id": "m1", "server_label": "wiki", "name": "read", "arguments": "{}", "output": "text"}
    assert said(USER, item)[1:] == (
        Message("assistant", (ToolCall("m1", "wiki__read", "{}"),)),
        Message("tool", (ToolResult("m1", (Text("text"),)),)),
    )
    (failed,) = said(USER, {**item, "output": None, "error": {"code": 5}})[2].parts
    assert failed == ToolResult("m1", (Text('{"code":5}'),), is_error=True)


def test_built_in_calls_and_the_picture_that_one_made() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}
    drawn = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG}
    answered = said(USER, search, drawn)
    assert answered[1].parts == (BuiltinCall("web_search", "ws_1"), BuiltinCall("image_generation", "ig_1"))
    assert answered[2].role == "user"
    assert answered[2].parts[1] == Media("image", Inline(b"png"), "image/png")


def test_tools_that_come_with_the_input() -> None:
    found = {"type": "tool_search_output", "call_id": "c1", "tools": [CITY]}
    added = {"type": "additional_tools", "role": "developer", "tools": [{"type": "web_search"}]}
    own = {"type": "function", "name": "own"}
    request = decoded(USER, {"type": "tool_search_call", "call_id": "c1", "arguments": {}}, found, added, tools=[own])
    assert [tool.name for tool in request.tools] == ["own", "city"]
    assert [builtin.kind for builtin in request.builtins] == ["web_search"]
    assert request.messages[2].parts == (ToolResult("c1", (Text("Tools found: city"),)),)
    again = decoded(USER, {"type": "tool_search_call", "call_id": "c1", "arguments": {}}, found, added, tools=[own])
    assert again.tools is request.tools


def test_a_configuration_is_updated() -> None:
    update = {"type": "configuration_update", "reasoning": {"effort": "high"}}
    schema = {"type": "object"}
    update["text"] = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    request = decoded(USER, update, reasoning={"effort": "low"})
    assert (request.effort, request.format) == ("high", JsonSchema(schema, "x"))


@pytest.mark.parametrize(
    ("item", "ignored"),
    [
        ({"type": "computer_call", "id": "x"}, "input.computer_call"),
        ({"type": "file_search_call", "id": "x"}, "input.file_search_call"),
        ({"type": "mcp_list_tools", "id": "x"}, "input.mcp_list_tools"),
        ({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}, "input.encrypted_content"),
        ({"role": "assistant", "content": "x", "phase": "commentary"}, "input.phase"),
        (parts({"type": "input_image", "file_id": "f", "detail": "high"}), "input.content.detail"),
        (
            parts({"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}),
            "input.content.prompt_cache_breakpoint",
        ),
    ],
)
def test_what_cannot_be_heard_is_listed_once(item: Any, ignored: str) -> None:
    assert decoded(USER, item, item).ignored == (ignored,)


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"content": "x"}], "input[0].type"),
        ([{"role": "robot", "content": "x"}], "input[0].role"),
        ([USER, {"type": "mesage", "role": "user"}], "input[1].type"),
        ([parts({"type": "input_video"})], "input[0].content[0].type"),
        ([parts({"type": "input_text"})], "input[0].content[0]"),
        ([parts({"type": "input_image"})], "input[0].content[0]"),
        ([parts({"type": "input_image", "image_url": "ftp://x"})], "input[0].content[0].image_url"),
        ([parts({"type": "input_image", "image_url": "data:image/png;base64,?"})], "input[0].content[0].image_url"),
        ([parts({"type": "input_file", "filename": "a"})], "input[0].content[0]"),
        ([parts({"type": "input_file", "file_data": "?"})], "input[0].content[0].file_data"),
        ([{"role": "system", "content": [{"type": "input_image", "file_id": "x"}]}], "input[0].content[0]"),
        ([{"type": "function_call", "call_id": "x"}], "input[0]"),
        ([result("x", [{"type": "nothing"}])], "input[0].output[0].type"),
        ([{"type": "compaction", "encrypted_content": "gAAAA"}], "input[0].encrypted_content"),
        ([{"type": "compaction_trigger"}, USER], "input[1]"),
        ([{"type": "image_generation_call", "result": "?"}], "input[0].result"),
    ],
)
def test_a_mistake_is_named(items: list[Any], param: str) -> None:
    assert refusal(*items).param == param


def test_reasoning_comes_back_with_what_its_wire_wants() -> None:
    thought = Reasoning("hm", Opaque("gigachat", "token"))
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": seal(thought)}
    assert said(USER, item)[1].parts == (thought,)


@pytest.mark.parametrize("content", ["gAAAA", "gm1.", "gm1.%%%", "gm1.AAAA", "gm1.e30", "gm1.é"])
def test_what_another_vendor_sealed_is_not_read(content: str) -> None:
    assert unseal(content) is None


# What is recalled, and what is kept


def kept(item_id: str, **item: Any) -> Item:
    return Item(item_id, msgspec.json.encode({"id": item_id, **item}))


def recalled(earlier: list[Item], *items: Any, **fields: Any) -> ChatRequest:
    asked = exchange(*items, **fields)
    asked.recall(earlier)
    return asked.request


def test_earlier_items_stand_before_the_input_but_instructions_first() -> None:
    earlier = [kept("msg_1", role="user", content="1"), kept("msg_2", role="assistant", content="2")]
    request = recalled(earlier, USER, previous_response_id="resp_1", instructions="Be brief")
    assert request.messages == (
        Message("system", (Text("Be brief"),)),
        Message("user", (Text("1"),)),
        Message("assistant", (Text("2"),)),
        ASKED,
    )


def test_the_input_may_be_empty_where_something_is_recalled() -> None:
    assert recalled([kept("msg_1", role="user", content="hi")], conversation="conv_1").messages == (ASKED,)


@pytest.mark.parametrize("reference", [{"type": "item_reference", "id": "fc_1"}, {"id": "fc_1"}])
def test_a_reference_stands_for_its_item(reference: Any) -> None:
    asked = exchange(USER, reference, result("c1"))
    assert asked.refers == Refers(items=("fc_1",))
    asked.recall([kept("fc_1", **call("c1"))])
    assert asked.request.messages[1].parts == (ToolCall("c1", "city", '{"a":1}'),)
    record = asked.record(Reply((), "stop", Usage()), STAMP)
    assert [json.loads(item.body)["type"] for item in record.input] == [
        "message",
        "function_call",
        "function_call_output",
    ]


def test_a_reference_to_what_is_said_before_moves_it() -> None:
    earlier = [kept("msg_1", role="user", content="hi"), kept("fc_1", **call("c1"))]
    reference = {"type": "item_reference", "id": "fc_1"}
    request = recalled([*earlier, earlier[1]], reference, result("c1"), previous_response_id="resp_1")
    assert [message.role for message in request.messages] == ["user", "assistant", "tool"]


def test_a_reference_to_nothing_is_a_400() -> None:
    asked = exchange(USER, {"type": "item_reference", "id": "fc_1"})
    with pytest.raises(GatewayError) as caught:
        asked.recall(())
    assert caught.value.problem.param == "input[1].id"


def test_what_was_compacted_is_not_said_again() -> None:
    earlier = [
        kept("msg_1", role="user", content="1"),
        kept("msg_2", role="assistant", content="2"),
        kept("cmp_1", type="compaction", encrypted_content=seal(Reasoning("short"))),
        kept("msg_3", role="assistant", content="3"),
    ]
    request = recalled(earlier, USER, previous_response_id="resp_1")
    assert [message.role for message in request.messages] == ["user", "system", "assistant", "user"]


def test_what_is_kept_has_ids_and_the_form_that_the_vendor_lists() -> None:
    asked = exchange(USER, {"role": "assistant", "content": "x"}, call("c1"), result("c1"), store=True)
    reply = Reply((Text("done"), ToolCall("c2", "city", "{}")), "tool_calls", Usage(1, 2))
    record = asked.record(reply, STAMP)
    assert (record.id, record.created, record.refers) == ("resp_abc", 1700000000, Refers())
    assert record.body == asked.encode(reply, STAMP)
    assert json.loads(record.body)["output"] == [json.loads(item.body) for item in record.output]
    ids = [item.id for item in (*record.input, *record.output)]
    assert len(set(ids)) == len(ids) == 6
    known = TypeAdapter(ResponseItem)
    for item in (*record.input, *record.output):
        assert json.loads(item.body)["id"] == item.id
        known.validate_json(item.body)


def test_a_turn_that_was_kept_reads_as_it_was_said() -> None:
    tools = [{"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]}, {"type": "shell"}]
    asked = exchange(USER, tools=tools, include=["reasoning.encrypted_content"])
    answer = (
        Reasoning("hm", Opaque("gigachat", "token")),
        Text("Let me see"),
        ToolCall("c1", "crm__find", '{"a":1}'),
        ToolCall("c2", "shell", '{"commands":["ls"]}'),
    )
    record = asked.record(Reply(answer, "tool_calls", Usage()), STAMP)
    request = recalled([*record.input, *record.output], result("c1"), result("c2"), previous_response_id=record.id)
    assert request.messages[:2] == (ASKED, Message("assistant", answer))


def literals(hint: Any) -> set[str]:
    return {hint} if isinstance(hint, str) else {found for each in get_args(hint) for found in literals(each)}


def kinds_of_the_vendor() -> list[str]:
    """The `type` of every item that the SDK can send."""
    hints = [get_type_hints(item).get("type") for item in get_args(ResponseInputItemParam)]
    return sorted(set().union(*map(literals, hints)))


@pytest.mark.parametrize("kind", kinds_of_the_vendor())
def test_every_item_of_the_vendor_is_known(kind: str) -> None:
    """An item without its fields may be a mistake, but never an unknown one."""
    try:
        asked = exchange(USER, {"type": kind})
        asked.recall(())
    except GatewayError as error:
        assert "no item of this API" not in error.problem.message  # noqa: PT017 (any other mistake is right)
