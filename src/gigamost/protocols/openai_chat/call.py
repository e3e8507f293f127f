"""Chat Completions in the client role: how we ask an OpenAI-compatible upstream.

Written for what all of them accept: `max_tokens` rather than its successor, content as a string where it is only text.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

import msgspec

from gigamost.core.errors import Problem, invalid
from gigamost.core.events import Event
from gigamost.core.messages import (
    ClientFile,
    FileRef,
    Inline,
    Media,
    Message,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Url,
    text_of,
)
from gigamost.core.models import Model
from gigamost.core.request import (
    AnyJson,
    AnyTool,
    AutoTool,
    ChatRequest,
    Format,
    Function,
    JsonSchema,
    NoTool,
    OneBuiltin,
    OneTool,
    PlainText,
    Regex,
    ToolChoice,
)
from gigamost.core.text import clean_text
from gigamost.protocols.openai_chat.errors import decode_error
from gigamost.protocols.openai_chat.reading import AnswerReader, Decoder, decode

JsonObject = dict[str, Any]


class Call:
    """One request for `POST {base}/chat/completions` (`core.codec.Call`)."""

    def url(self, base: str) -> str:
        return base + "/chat/completions"

    headers: Mapping[str, str] = {"Content-Type": "application/json"}

    def __init__(self, request: ChatRequest, model: Model) -> None:
        body: JsonObject = {"model": model.id, "messages": [*_messages(request.messages)]}
        body |= _sampling(request, model)
        if request.tools:
            body["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
            body["tool_choice"] = _choice(request.tool_choice)
            if not request.parallel_tool_calls:
                body["parallel_tool_calls"] = False
        if (response_format := _format(request.format)) is not None:
            body["response_format"] = response_format
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        self.body = msgspec.json.encode(body)
        self.ignored = tuple(_lost(request, body))

    def decode(self, body: bytes) -> list[Event]:
        return decode(body, AnswerReader())

    def decoder(self) -> Decoder:
        return Decoder(AnswerReader())

    def correct(self, problem: Problem) -> str | None:
        return None


class _Wire:
    """The client role (`core.codec.Wire`)."""

    name = "openai_chat"

    def encode(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> Call:
        return Call(request, model)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        return decode_error(status, headers, body)


WIRE = _Wire()


def _sampling(request: ChatRequest, model: Model) -> JsonObject:
    given = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": min(request.max_tokens, model.capabilities.max_output) if request.max_tokens else None,
        "stop": list(request.stop) or None,
        "reasoning_effort": request.effort if model.capabilities.reasoning else None,
        "user": request.user or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _lost(request: ChatRequest, body: JsonObject) -> Iterable[str]:
    """What cannot be said here, as the client wrote it. Fields of another vendor are none of this one's."""
    if request.max_tokens is not None and body["max_tokens"] < request.max_tokens:
        yield request.spelled.get("max_tokens", "max_tokens")
    if request.effort is not None and "reasoning_effort" not in body:
        yield request.spelled.get("effort", "reasoning_effort")
    yield from (tool.spelled for tool in request.builtins)
    for fields in request.extra.values():
        yield from fields


def _messages(messages: Iterable[Message]) -> Iterable[JsonObject]:
    shown: list[JsonObject] = []  # a result is text alone, so its pictures follow after the last one
    for message in messages:
        if message.role != "tool" and shown:
            yield {"role": "user", "content": shown}
            shown = []
        match message.role:
            case "system":
                yield {"role": "system", "content": clean_text(text_of(message.parts))}
            case "user":
                yield {"role": "user", "content": _content(message)}
            case "assistant":
                yield _assistant(message)
            case "tool":
                results = [part for part in message.parts if isinstance(part, ToolResult)]
                yield from map(_result, results)
                shown += [_media(media) for each in results for media in each.content if isinstance(media, Media)]
            case _:
                assert_never(message.role)
    if shown:
        yield {"role": "user", "content": shown}


def _content(message: Message) -> str | list[JsonObject]:
    if all(isinstance(part, Text) for part in message.parts):
        return clean_text(text_of(message.parts))
    parts: list[JsonObject] = []
    for part in message.parts:
        if isinstance(part, Text):
            parts.append({"type": "text", "text": clean_text(part.text)})
        elif isinstance(part, Media):
            parts.append(_media(part))
    return parts


def _media(media: Media) -> JsonObject:
    match media.source:
        case Inline(data=data) if media.kind == "audio":
            audio = {"data": base64.b64encode(data).decode(), "format": media.mime.partition("/")[2] or "wav"}
            return {"type": "input_audio", "input_audio": audio}
        case Inline(data=data):
            mime = media.mime or "application/octet-stream"
            url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
            if media.kind == "image":
                return {"type": "image_url", "image_url": {"url": url}}
            return {"type": "file", "file": {"filename": media.name or "file", "file_data": url}}
        case Url(url=url) if media.kind == "image":
            return {"type": "image_url", "image_url": {"url": url}}
        case Url() | FileRef() | ClientFile():
            raise invalid(f"This upstream takes {media.kind} data inline only: send it in the request.")
        case _:
            assert_never(media.source)


def _assistant(message: Message) -> JsonObject:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    said: JsonObject = {"role": "assistant", "content": clean_text(text_of(message.parts, ""))}
    thoughts = "".join(part.text for part in message.parts if isinstance(part, Reasoning))
    if thoughts:
        said["reasoning_content"] = clean_text(thoughts)
    if calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in calls
        ]
    return said


def _result(result: ToolResult) -> JsonObject:
    text = "\n".join(part.text for part in result.content if isinstance(part, Text))
    return {"role": "tool", "tool_call_id": result.call_id, "content": clean_text(text)}


def _function(tool: Function) -> JsonObject:
    function: JsonObject = {"name": tool.name, "parameters": tool.parameters or {"type": "object", "properties": {}}}
    if tool.description:
        function["description"] = clean_text(tool.description)
    if tool.strict:
        function["strict"] = True
    return function


def _choice(choice: ToolChoice) -> str | JsonObject:
    match choice:
        case AutoTool() | OneBuiltin():
            return "auto"
        case NoTool():
            return "none"
        case AnyTool():
            return "required"
        case OneTool(name=name):
            return {"type": "function", "function": {"name": name}}
        case _:
            assert_never(choice)


def _format(wanted: Format) -> JsonObject | None:
    match wanted:
        case PlainText():
            return None
        case AnyJson():
            return {"type": "json_object"}
        case JsonSchema(schema=schema, name=name, strict=strict):
            return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": strict}}
        case Regex():
            raise invalid("This upstream has no regex format: send a JSON schema, or another model.", "response_format")
        case _:
            assert_never(wanted)
