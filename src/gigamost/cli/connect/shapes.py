"""Requests as clients make them: in their protocol, of their size, with their tools, their fields and the history of
one tool call."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, assert_never

import msgspec

from gigamost.cli.connect.client import Client, Json, Pairs, Place, Shape, Wire

PATHS: Final[Mapping[Wire, str]] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages?beta=true",
    "gemini": "/v1beta/models/$model:streamGenerateContent?alt=sse",
    "ollama": "/api/chat",
}
_KEY_HEADERS: Final[Mapping[Wire, tuple[str, str]]] = {"gemini": ("x-goog-api-key", "$key")}
_BEARER: Final = ("Authorization", "Bearer $key")

Turn = Literal["context", "question", "example", "answer", "call", "result"]
_HISTORIES: Final[Mapping[str, tuple[Turn, ...]]] = {
    "question": ("question",),
    "tool_result": ("question", "call", "result"),
    "tool_result_then_user": ("context", "question", "call", "result", "question"),
    "few_shot": ("example", "answer", "example", "answer", "question"),
}
_TEXTS: Final[Mapping[Turn, str]] = {
    "context": "Context of this run.",
    "question": "The check is over. Do not call a tool. Answer with one word: ready",
    "example": "Ready?",
    "answer": "ready",
    "result": "2 files\nready",
}
_PROSE: Final = "Work in small steps, say what you are about to do, and use the tools where they help. "
_TOOL: Final = "client_tool_0"


def headers_of(client: Client, place: Place) -> Pairs:
    """With the key where the client puts it."""
    name, value = _KEY_HEADERS.get(client.wire, _BEARER)
    return (name, place.fill(value)), ("Content-Type", "application/json"), *client.shape.headers


def body_of(client: Client, model: str) -> Json:
    """A body of about `shape.size` KB."""
    shape = client.shape
    tools = [_tool(client, at) for at in range(shape.tools - len(shape.special))] + [*shape.special]
    room = int(shape.size * 1000) - len(msgspec.json.encode(_body(client, model, tools, "")))
    return _body(client, model, tools, _filling(room))


def _body(client: Client, model: str, tools: Sequence[Json], prose: str) -> Json:
    shape, turns = client.shape, _HISTORIES[client.shape.history]
    system = f"You are an assistant. {prose}"
    listed: Json = {"tools": list(tools)} if tools else {}
    head: Json = {"model": model, "stream": shape.streams}
    match client.wire:
        case "chat":
            messages = [{"role": "system", "content": system}, *(_chat(turn, shape) for turn in turns)]
            return {**head, "messages": messages, **listed, **shape.body}
        case "responses":
            developer = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": system}]}
            return {**head, "input": [developer, *map(_item, turns)], **listed, **shape.body}
        case "messages":
            blocks = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
            return {**head, "system": blocks, "messages": [*map(_message, turns)], **listed, **shape.body}
        case "gemini":
            instruction = {"role": "user", "parts": [{"text": system}]}
            functions = {"tools": [{"functionDeclarations": list(tools)}]} if tools else {}
            contents = [*map(_content, turns)]
            return {"systemInstruction": instruction, "contents": contents, **functions, **shape.body}
        case "ollama":
            messages = [{"role": "system", "content": system}, *map(_ollama, turns)]
            return {**head, "messages": messages, **listed, **shape.body}
        case _:
            assert_never(client.wire)


def _tool(client: Client, number: int) -> Json:
    shape = client.shape
    properties = {f"value_{at}": schema for at, schema in enumerate(shape.schemas)}
    schema: Json = {"type": "object", "properties": properties, "required": [*properties][:1], **shape.schema_head}
    named: Json = {"name": f"client_tool_{number}", "description": ""}
    empty = msgspec.json.encode(_declared(client.wire, named, schema))
    named["description"] = _filling(int(shape.tools_size * 1000 / shape.tools) - len(empty))
    return _declared(client.wire, named, schema)


def _declared(wire: Wire, named: Json, schema: Json) -> Json:
    match wire:
        case "chat" | "ollama":
            return {"type": "function", "function": {**named, "parameters": schema}}
        case "responses":
            return {"type": "function", **named, "parameters": schema, "strict": False}
        case "messages":
            return {**named, "input_schema": schema}
        case "gemini":
            return {**named, "parametersJsonSchema": schema}
        case _:
            assert_never(wire)


def _chat(turn: Turn, shape: Shape) -> Json:
    match turn:
        case "call":
            function = {"name": _TOOL, "arguments": '{"value_0": "a"}'}
            calls = [{"id": "call1", "type": "function", "function": function}]
            return {"role": "assistant", "content": shape.call_content, "tool_calls": calls}
        case "result":
            message: Json = {"role": "tool", "tool_call_id": "call1"}
        case "answer":
            message = {"role": "assistant"}
        case _:
            message = {"role": "user"}
    text = _TEXTS[turn]
    return {**message, "content": [{"type": "text", "text": text}] if shape.listed else text}


def _item(turn: Turn) -> Json:
    match turn:
        case "call":
            return {"type": "function_call", "call_id": "call1", "name": _TOOL, "arguments": '{"value_0": "a"}'}
        case "result":
            return {"type": "function_call_output", "call_id": "call1", "output": _TEXTS[turn]}
        case "answer":
            return {"role": "assistant", "content": [{"type": "output_text", "text": _TEXTS[turn]}]}
        case _:
            return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": _TEXTS[turn]}]}


def _message(turn: Turn) -> Json:
    match turn:
        case "call":
            block: Json = {"type": "tool_use", "id": "toolu1", "name": _TOOL, "input": {"value_0": "a"}}
        case "result":
            block = {"type": "tool_result", "tool_use_id": "toolu1", "content": _TEXTS[turn]}
        case _:
            block = {"type": "text", "text": _TEXTS[turn]}
    return {"role": "assistant" if turn in ("call", "answer") else "user", "content": [block]}


def _content(turn: Turn) -> Json:
    match turn:
        case "call":
            call = {"id": "call1", "name": _TOOL, "args": {"value_0": "a"}}
            part: Json = {"functionCall": call, "thoughtSignature": "skip_thought_signature_validator"}
        case "result":
            part = {"functionResponse": {"id": "call1", "name": _TOOL, "response": {"output": _TEXTS[turn]}}}
        case _:
            part = {"text": _TEXTS[turn]}
    return {"role": "model" if turn in ("call", "answer") else "user", "parts": [part]}


def _ollama(turn: Turn) -> Json:
    match turn:
        case "call":
            calls = [{"function": {"name": _TOOL, "arguments": {"value_0": "a"}}}]
            return {"role": "assistant", "content": "", "tool_calls": calls}
        case "result":
            return {"role": "tool", "tool_name": _TOOL, "content": _TEXTS[turn]}
        case _:
            return {"role": "assistant" if turn == "answer" else "user", "content": _TEXTS[turn]}


def _filling(characters: int) -> str:
    return (_PROSE * (characters // len(_PROSE) + 1))[: max(characters, 0)]
