"""`contents` and `systemInstruction` to messages; each error with the path of its field."""

import re
from collections.abc import Mapping, Sequence
from operator import attrgetter

import msgspec

from gigamost.core.dataurl import decode_base64
from gigamost.core.errors import invalid
from gigamost.core.messages import (
    ClientFile,
    Inline,
    Media,
    MediaKind,
    Message,
    Part,
    Reasoning,
    Role,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from gigamost.protocols.gemini import wire

_ROLES: Mapping[str, Role] = {
    "": "user",
    "user": "user",
    "function": "user",
    "tool": "user",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
}
# What is said about a part, and parts of tools that ran at Google.
_LISTED = {
    name: encoded
    for name, encoded in zip(wire.Part.__struct_fields__, wire.Part.__struct_encode_fields__, strict=True)
    if name.startswith("tool_") or name.endswith(("_metadata", "_resolution", "_processing", "_transcription"))
}
_said = attrgetter(*_LISTED)
_NOTHING = (None,) * len(_LISTED)
_FILE = re.compile(r"(?:^|/)files/(file-[0-9A-Za-z]+)(?::download)?$")
_VIDEO_SITE = re.compile(r"https?://(?:www\.|m\.)?(?:youtube\.com|youtu\.be)/", re.IGNORECASE)


def read_contents(given: list[wire.Content | str] | wire.Content | str, ignored: list[str]) -> tuple[Message, ...]:
    """Raises GatewayError (400) naming `contents[i]...`. Adds to `ignored` what a part says in vain."""
    if not given:
        raise invalid("contents is missing or empty: send at least one content with parts.", "contents")
    messages: list[Message] = []
    for at, content in enumerate(given if isinstance(given, list) else [given]):
        path = f"contents[{at}]" if isinstance(given, list) else "contents"
        if isinstance(content, str):
            messages.append(Message("user", (Text(content),)))
        else:
            messages += _messages(content, path, ignored)
    return tuple(messages)


def read_system(given: list[wire.Part | str] | wire.Content | str | None, ignored: list[str]) -> tuple[Message, ...]:
    """At most one message. Raises GatewayError (400) for anything but text."""
    path = "systemInstruction"
    if isinstance(given, str):
        parts: Sequence[wire.Part | str] = [given]
    else:
        parts = _parts(given) if isinstance(given, wire.Content) else given or ()
    texts: list[Part] = []
    for at, part in enumerate(parts):
        place = f"{path}.parts[{at}]"
        for read in (Text(part),) if isinstance(part, str) else _read(part, place, ignored, is_model=False):
            if not isinstance(read, Text):
                raise invalid(f"{place}: a system instruction is text.", place)
            if read.text:
                texts.append(read)
    return (Message("system", tuple(texts)),) if texts else ()


def _messages(content: wire.Content, path: str, ignored: list[str]) -> list[Message]:
    """A content holds whatever a turn brought: results of functions become messages of their own, in their place."""
    role = _ROLES.get((content.role or "").lower())
    if role is None:
        raise invalid(f"{path}.role must be user, model or function.", f"{path}.role")
    messages: list[Message] = []
    run: list[Part] = []
    for at, part in enumerate(_parts(content)):
        place = f"{path}.parts[{at}]"
        for read in _read(part, place, ignored, is_model=role == "assistant"):
            if role == "system" and not isinstance(read, Text):
                raise invalid(f"{place}: a system instruction is text.", place)
            if run and isinstance(run[-1], ToolResult) != isinstance(read, ToolResult):
                messages.append(_message(role, run))
                run = []
            run.append(read)
    if run or not messages:
        messages.append(_message(role, run))
    return messages


def _message(role: Role, run: list[Part]) -> Message:
    return Message("tool" if run and isinstance(run[0], ToolResult) else role, tuple(run))


def _parts(content: wire.Content) -> list[wire.Part]:
    return [content.parts] if isinstance(content.parts, wire.Part) else content.parts or []


def _read(part: wire.Part, path: str, ignored: list[str], *, is_model: bool) -> tuple[Part, ...]:
    said = _said(part)
    if said != _NOTHING:
        ignored += (
            f"contents.parts.{name}" for name, value in zip(_LISTED.values(), said, strict=True) if value is not None
        )
    if part.text is not None:
        if part.thought and is_model:
            return (Reasoning(part.text),)
        return (Text(part.text),) if part.text else ()
    if part.inline_data is not None:
        return (_blob(part.inline_data, f"{path}.inlineData"),)
    if part.file_data is not None:
        return (_file(part.file_data, f"{path}.fileData"),)
    if part.function_call is not None:
        return (_call(part.function_call, f"{path}.functionCall", is_model=is_model),)
    if part.function_response is not None:
        return (_result(part.function_response, f"{path}.functionResponse", ignored),)
    if part.executable_code is not None:
        language = (part.executable_code.language or "").lower().replace("language_unspecified", "")
        return (Text(f"```{language}\n{part.executable_code.code or ''}\n```\n"),)
    if part.code_execution_result is not None:
        return (Text(f"```\n{part.code_execution_result.output or ''}\n```\n"),)
    if said != _NOTHING or part.thought is not None or part.thought_signature is not None:
        return ()
    raise invalid(f"{path} has no data: send text, inlineData, fileData, functionCall or functionResponse.", path)


def _call(call: wire.FunctionCall, path: str, *, is_model: bool) -> ToolCall:
    if not is_model:
        raise invalid(f"{path}: only the model calls functions, send it with role model.", path)
    if not call.name:
        raise invalid(f"{path}.name is missing.", f"{path}.name")
    if call.partial_args and call.args is None:
        message = f"{path}.partialArgs are pieces of a stream: send the whole call with args."
        raise invalid(message, f"{path}.partialArgs", "unsupported_value")
    return ToolCall(call.id or "", call.name, msgspec.json.encode(call.args or {}).decode())


def _result(result: wire.FunctionResponse, path: str, ignored: list[str]) -> ToolResult:
    if not result.name and not result.id:
        raise invalid(f"{path} names no function: send the name, and the id of the call.", f"{path}.name")
    if result.scheduling or result.will_continue:
        ignored.append(f"contents.parts.functionResponse.{'scheduling' if result.scheduling else 'willContinue'}")
    said = result.response
    content: list[Text | Media] = []
    if said is not None:
        content.append(Text(said if isinstance(said, str) else msgspec.json.encode(said).decode()))
    for at, part in enumerate(result.parts or ()):
        place = f"{path}.parts[{at}]"
        if part.inline_data is not None:
            content.append(_blob(part.inline_data, f"{place}.inlineData"))
        elif part.file_data is not None:
            content.append(_file(part.file_data, f"{place}.fileData"))
        else:
            raise invalid(f"{place} needs inlineData or fileData.", place)
    # The document: "error" is the key of a call that failed, "output" of one that did not.
    failed = isinstance(said, dict) and bool(said.get("error")) and not {"output", "result"} & said.keys()
    return ToolResult(result.id or "", tuple(content), result.name or "", is_error=failed)


def _blob(blob: wire.Blob, path: str) -> Media:
    kind = _kind(blob.mime_type or "", path)
    data = decode_base64(blob.data or "", f"{path}.data")
    return Media(kind, Inline(data), blob.mime_type or "", blob.display_name or "", path)


def _file(file: wire.FileData, path: str) -> Media:
    place, uri = f"{path}.fileUri", file.file_uri or ""
    own = _FILE.search(uri)
    source: Source
    if own is not None:
        source = ClientFile(own[1])
    elif _VIDEO_SITE.match(uri):
        raise invalid(f"{place}: GigaChat watches no videos, send its text.", place, "unsupported_value")
    elif uri[:7].lower() == "http://" or uri[:8].lower() == "https://":
        source = Url(uri)
    else:
        raise invalid(f"{place} must be the uri of a file that was uploaded here, or an http(s) address.", place)
    return Media(_kind(file.mime_type or "", path), source, file.mime_type or "", file.display_name or "", path)


def _kind(mime: str, path: str) -> MediaKind:
    family = mime.partition("/")[0].lower()
    if family == "video":
        raise invalid(f"{path}: GigaChat takes images, audio and documents, no video.", f"{path}.mimeType")
    return "image" if family == "image" else "audio" if family == "audio" else "document"
