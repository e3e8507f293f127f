"""Where the media of a request are: every picture, recording and document of the user and of tool results, in order."""

from collections.abc import Iterable, Iterator

import msgspec

from gigamost.core.messages import Media, Message, Part, Text, ToolResult


def has_media(messages: Iterable[Message]) -> bool:
    """Whether there is anything to do. Every request pays for this; `isinstance` of a Struct is three times as slow."""
    for message in messages:
        if message.role == "assistant":
            continue
        for part in message.parts:
            if type(part) is Media:
                return True
            if type(part) is ToolResult and any(type(inner) is Media for inner in part.content):
                return True
    return False


def media_in(messages: Iterable[Message]) -> Iterator[tuple[Media, str]]:
    """Every media part that goes up, with its path, in the order in which `with_media` asks for them."""
    for i, message in enumerate(messages):
        for j, part in enumerate(message.parts if message.role != "assistant" else ()):
            if isinstance(part, Media):
                yield part, part.place or f"messages[{i}].content[{j}]"
            elif isinstance(part, ToolResult):
                for k, inner in enumerate(part.content):
                    if isinstance(inner, Media):
                        yield inner, inner.place or f"messages[{i}].content[{j}].content[{k}]"


def with_media(message: Message, replacements: Iterator[Media | Text]) -> Message:
    """The message with each media part replaced by the next one. What an assistant showed stays."""
    if not has_media((message,)):
        return message
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, Media):
            part = next(replacements)
        elif isinstance(part, ToolResult):
            content = tuple(next(replacements) if isinstance(inner, Media) else inner for inner in part.content)
            part = msgspec.structs.replace(part, content=content)
        parts.append(part)
    return msgspec.structs.replace(message, parts=tuple(parts))
