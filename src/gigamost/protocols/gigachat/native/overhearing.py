"""What was said in a chat whose body and answer pass as they are: read after the answer, for those who keep it.

Whatever cannot be read is left out: nobody is refused for it.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gigamost.core.events import Event
from gigamost.core.face import Overhear
from gigamost.core.messages import ClientFile, Media, Message, Part, Role, Text, ToolCall, ToolResult
from gigamost.protocols.gigachat.decoding import Decoder
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.v1 import response as v1
from gigamost.protocols.gigachat.v2 import reading as v2

Json = dict[str, Any]  # of a client's body, or a part of it
_ROLES: Final[dict[str, Role]] = {"system": "system", "assistant": "assistant", "function": "tool", "tool": "tool"}
_NAMES: Final = Names(())  # those of the client are GigaChat's


def asked_in(body: bytes) -> tuple[Message, ...]:
    """Of both versions."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    messages = given.get("messages") if isinstance(given, dict) else None
    return tuple(_message(each) for each in messages if isinstance(each, dict)) if isinstance(messages, list) else ()


def _answered_v1(data: bytes, is_stream: bool) -> list[Event]:
    reader = v1.AnswerReader(_NAMES)
    if not is_stream:
        return v1.decode(data, reader)
    decoder = Decoder(reader)
    return decoder.feed(data) + decoder.close()


def _answered_v2(data: bytes, is_stream: bool) -> list[Event]:
    reader = v2.AnswerReader(_NAMES)
    if not is_stream:
        return v2.decode(data, reader)
    decoder = Decoder(reader)
    return decoder.feed(data) + decoder.close()


V1: Final = Overhear(asked_in, _answered_v1)
V2: Final = Overhear(asked_in, _answered_v2)


def _message(given: Json) -> Message:
    role = _ROLES.get(str(given.get("role")), "user")
    return Message(role, tuple(_parts(given, role)))


def _parts(given: Json, role: Role) -> Iterator[Part]:
    content = given.get("content")
    if isinstance(content, str) and role == "tool":
        yield ToolResult("", (Text(content),), str(given.get("name") or ""))
    elif isinstance(content, str) and content:
        yield Text(content)
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            yield from _part(part)
    yield from _calls(given)
    attachments = given.get("attachments")
    for file in attachments if isinstance(attachments, list) else ():
        yield Media("document", ClientFile(str(file)))


def _part(part: Json) -> Iterator[Part]:
    """Of v2."""
    text, files, result = part.get("text"), part.get("files"), part.get("function_result")
    if isinstance(text, str):
        yield Text(text)
    for file in files if isinstance(files, list) else ():
        if isinstance(file, dict):
            yield Media("document", ClientFile(str(file.get("id") or "")))
    if isinstance(result, dict):
        yield ToolResult("", (Text(_text(result.get("result"))),), str(result.get("name") or ""))
    yield from _calls(part)


def _calls(given: Json) -> Iterator[Part]:
    call = given.get("function_call")
    if isinstance(call, dict):
        yield ToolCall("", str(call.get("name") or ""), _text(call.get("arguments")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
