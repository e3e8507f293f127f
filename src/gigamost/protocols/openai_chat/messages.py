"""Messages and tools of Chat Completions to core values (server role), each error with the path of its field."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gigamost.core.dataurl import decode_base64, decode_data_url, source_of
from gigamost.core.errors import invalid
from gigamost.core.memo import by_identity
from gigamost.core.messages import (
    ClientFile,
    Inline,
    Media,
    MediaKind,
    Message,
    Opaque,
    Text,
    ToolCall,
    ToolResult,
)
from gigamost.core.request import Builtin, BuiltinKind, Function
from gigamost.protocols.openai_chat import wire

# Chat Completions itself has no built-in tools: the words are those of Responses and of GigaChat.
BUILTINS: Mapping[str, BuiltinKind] = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "url_content_extraction": "web_fetch",
    "code_interpreter": "code_interpreter",
    "image_generation": "image_generation",
    "image_generate": "image_generation",
    "text2image": "image_generation",
    "model_3d_generate": "model_3d",
    "text2model3d": "model_3d",
}
GIGACHAT = "gigachat"  # the origin of a state id that a client sends in GigaChat's own field
CUSTOM_PARAMETERS = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The input of the tool, as plain text."}},
    "required": ["input"],
}


def read_messages(messages: list[wire.Message], ignored: list[str]) -> tuple[Message, ...]:
    """Raises GatewayError (400) naming `messages[i]...`. Adds to `ignored` what a message says in vain."""
    if not messages:
        raise invalid("messages is missing or empty: send at least one message.", "messages")
    return tuple(_message(message, f"messages[{at}]", ignored) for at, message in enumerate(messages))


def _message(message: wire.Message, path: str, ignored: list[str]) -> Message:
    if message.role in ("tool", "function"):
        content = _content(message, path, ignored)
        return Message("tool", (ToolResult(message.tool_call_id or "", content, message.name or ""),))
    if message.name and "messages.name" not in ignored:
        ignored.append("messages.name")
    if message.role in ("system", "developer"):
        return Message("system", _content(message, path, ignored))
    if message.role == "user":
        return Message("user", _content(message, path, ignored))
    return Message("assistant", _content(message, path, ignored) + _calls(message, path))


def _content(message: wire.Message, path: str, ignored: list[str]) -> tuple[Text | Media, ...]:
    content = message.content
    if content is None:
        return (Text(message.refusal),) if message.refusal else ()
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(part, f"{path}.content[{at}]", message.role, ignored) for at, part in enumerate(content))


def _part(part: wire.ContentPart, path: str, role: str, ignored: list[str]) -> Text | Media:
    if isinstance(part, wire.TextPart):
        return Text(part.text)
    if isinstance(part, wire.RefusalPart):
        return Text(part.refusal)
    if role not in ("user", "tool", "function"):
        raise invalid(f"{path}: only a user's or a tool's message may hold images, audio or files.", path)
    if isinstance(part, wire.ImagePart):
        return _image(part.image_url, path, ignored)
    if isinstance(part, wire.AudioPart):
        audio = part.input_audio
        data = decode_base64(audio.data, f"{path}.input_audio.data")
        return Media("audio", Inline(data), f"audio/{audio.format}" if audio.format else "", place=path)
    return _file(part.file, f"{path}.file")


def _image(image: wire.ImageUrl | str, path: str, ignored: list[str]) -> Media:
    if isinstance(image, str):
        image = wire.ImageUrl(image)
    if image.detail not in (None, "auto") and "messages.content.image_url.detail" not in ignored:
        ignored.append("messages.content.image_url.detail")
    mime, source = source_of(image.url, f"{path}.image_url.url")
    return Media("image", source, mime, place=path)


def _file(file: wire.File, path: str) -> Media:
    name = file.filename or ""
    if file.file_id:
        return Media("document", ClientFile(file.file_id), "", name, path)
    if not file.file_data:
        raise invalid(f"{path} needs file_data or file_id.", path)
    if file.file_data[:5].lower() == "data:":
        mime, data = decode_data_url(file.file_data, f"{path}.file_data")
    elif file.file_data[:4].lower() == "http":
        mime, source = source_of(file.file_data, f"{path}.file_data")
        return Media("document", source, mime, name, path)
    else:
        mime, data = "", decode_base64(file.file_data, f"{path}.file_data")
    kind: MediaKind = "document"
    if mime.startswith("image/"):
        kind = "image"
    elif mime.startswith("audio/"):
        kind = "audio"
    return Media(kind, Inline(data), mime, name, path)


def _calls(message: wire.Message, path: str) -> tuple[ToolCall, ...]:
    opaque = Opaque(GIGACHAT, message.functions_state_id) if message.functions_state_id else None
    calls: list[ToolCall] = []
    for at, call in enumerate(message.tool_calls or ()):
        place = f"{path}.tool_calls[{at}]"
        if call.custom is not None:
            arguments = msgspec.json.encode({"input": call.custom.input}).decode()
            name = call.custom.name
        elif call.function is not None:
            name, arguments = call.function.name, _arguments(call.function)
        else:
            raise invalid(f"{place} needs function or custom.", place)
        if not name:
            raise invalid(f"{place} has no function name.", f"{place}.function.name")
        calls.append(ToolCall(call.id or "", name, arguments, opaque))
    if message.function_call is not None and message.function_call.name and not calls:
        calls.append(ToolCall("", message.function_call.name, _arguments(message.function_call), opaque))
    return tuple(calls)


def _arguments(call: wire.FunctionCall) -> str:
    if isinstance(call.arguments, dict):
        return msgspec.json.encode(call.arguments).decode()
    return call.arguments or ""


class Tools(NamedTuple):
    """`customs` names the functions that are custom tools (free text in, sent as one string argument); `ignored` what
    a tool says in vain."""

    functions: tuple[Function, ...] = ()
    customs: frozenset[str] = frozenset()
    builtins: tuple[Builtin, ...] = ()
    ignored: tuple[str, ...] = ()


@by_identity
def read_tools(tools: list[wire.Tool]) -> Tools:
    functions: dict[str, Function] = {}
    customs: set[str] = set()
    builtins: list[Builtin] = []
    ignored: list[str] = []
    for at, tool in enumerate(tools):
        path = f"tools[{at}]"
        if tool.custom is not None:
            function = Function(tool.custom.name, tool.custom.description or "", CUSTOM_PARAMETERS)
            customs.add(function.name)
            if tool.custom.format and tool.custom.format.get("type") != "text":
                ignored.append("tools.custom.format")
        elif tool.function is not None:
            function = _function(tool.function)
        elif tool.type in ("function", "custom"):
            raise invalid(f"{path}.{tool.type} is missing.", f"{path}.{tool.type}")
        else:
            kind = BUILTINS.get(tool.type)
            if kind is None:
                ignored.append(f"tools.{tool.type}")
            else:
                builtins.append(Builtin(kind, f"tools.{tool.type}"))
            continue
        _declare(function, functions, path)
    return Tools(tuple(functions.values()), frozenset(customs), tuple(dict.fromkeys(builtins)), tuple(ignored))


@by_identity
def read_functions(given: list[wire.Function]) -> tuple[Function, ...]:
    functions: dict[str, Function] = {}
    for at, function in enumerate(given):
        _declare(_function(function), functions, f"functions[{at}]")
    return tuple(functions.values())


def _declare(function: Function, functions: dict[str, Function], path: str) -> None:
    if functions.setdefault(function.name, function) != function:
        raise invalid(f"{path}: another tool is called {function.name!r} already.", path)


def _function(function: wire.Function) -> Function:
    return Function(function.name, function.description or "", function.parameters, bool(function.strict))
