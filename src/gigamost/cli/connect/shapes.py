"""Requests as clients make them: of their size, with their tools, their fields and the history of one tool call."""

from typing import assert_never

import msgspec

from gigamost.cli.connect.clients import Json, Shape

_QUESTION = "The check is over. Do not call a tool. Answer with one word: ready"
_PROSE = "Work in small steps, say what you are about to do, and use the tools where they help. "


def body_of(shape: Shape, model: str) -> Json:
    """A Chat Completions body of about `shape.size` KB."""
    tools = [_tool(shape, i) for i in range(shape.tools)]
    body: Json = {"model": model, "stream": True, "messages": _messages(shape, ""), **shape.body}
    if tools:
        body["tools"] = tools
    room = int(shape.size * 1000) - len(msgspec.json.encode(body))
    return {**body, "messages": _messages(shape, _filling(room))}


def _tool(shape: Shape, number: int) -> Json:
    properties = {f"value_{i}": schema for i, schema in enumerate(shape.schemas)}
    function: Json = {
        "name": f"client_tool_{number}",
        "description": "",
        "parameters": {"type": "object", "properties": properties, "required": [*properties][:1], **shape.schema_head},
    }
    tool = {"type": "function", "function": function}
    function["description"] = _filling(int(shape.tools_size * 1000 / shape.tools) - len(msgspec.json.encode(tool)))
    return tool


def _messages(shape: Shape, prose: str) -> list[Json]:
    system = {"role": "system", "content": f"You are an assistant in a terminal. {prose}"}
    call = {"id": "call1", "type": "function", "function": {"name": "client_tool_0", "arguments": '{"value_0": "a"}'}}
    called: list[Json] = [
        {"role": "assistant", "content": shape.call_content, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call1", "content": "2 files\nready"},
    ]
    question = {"role": "user", "content": _QUESTION}
    match shape.history:
        case "tool_result":
            return [system, question, *called]
        case "tool_result_then_user":
            return [system, {"role": "user", "content": "Context of this run."}, question, *called, question]
        case "few_shot":
            example: list[Json] = [{"role": "user", "content": "Ready?"}, {"role": "assistant", "content": "ready"}]
            return [system, *example, *example, question]
        case _:
            assert_never(shape.history)


def _filling(characters: int) -> str:
    return (_PROSE * (characters // len(_PROSE) + 1))[: max(characters, 0)]
