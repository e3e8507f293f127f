"""Messages of Converse to core values, each error with the path of its field."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET

from gigamost.core.errors import GatewayError, invalid
from gigamost.core.messages import Citation, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from gigamost.protocols.bedrock_converse import wire
from gigamost.protocols.bedrock_converse.media import Lost, audio, document, image, search_result, video
from gigamost.protocols.bedrock_converse.tools import builtin_call

_ANYWHERE: Final = ("text", "guard_content", "cache_point")
_MEDIA: Final = ("image", "document", "video", "audio", "search_result")
_ALLOWED: Final[Mapping[Role, frozenset[str]]] = {
    "system": frozenset((*_ANYWHERE, "tool_addition", "tool_removal")),
    "user": frozenset((*_ANYWHERE, *_MEDIA, "tool_result")),
    "assistant": frozenset((*_ANYWHERE, *_MEDIA, "tool_use", "tool_result", "reasoning_content", "citations_content")),
}
_CAMEL: Final = {field.name: field.encode_name for field in msgspec.structs.fields(wire.ContentBlock)}


class Said(NamedTuple):
    """`removed` names the tools that are no longer offered at the end of the conversation."""

    messages: tuple[Message, ...]
    removed: frozenset[str] = frozenset()


def read_messages(messages: list[wire.Message], system: list[wire.SystemContentBlock], ignored: list[str]) -> Said:
    """Raises GatewayError (400) naming `messages[i]...`. Adds to `ignored` what a message says in vain."""
    if not messages:
        raise invalid("messages is missing or empty: send at least one message.", "messages")
    reading = _Reading(ignored)
    said: list[Message] = []
    opening = tuple(reading.system(system))
    if opening:
        said.append(Message("system", opening))
    for at, message in enumerate(messages):
        said += reading.message(message, f"messages[{at}]")
    return Said(tuple(said), frozenset(reading.removed))


class _Reading:
    def __init__(self, ignored: list[str]) -> None:
        self.removed: set[str] = set()
        self._lost = Lost(ignored)

    def system(self, blocks: list[wire.SystemContentBlock]) -> Iterator[Part]:
        for at, block in enumerate(blocks):
            given = wire.ContentBlock(block.text, guard_content=block.guard_content, cache_point=block.cache_point)
            yield from self._part(given, f"system[{at}]", "system")

    def message(self, message: wire.Message, path: str) -> Iterator[Message]:
        """One message; a user's with results of tools is two, because the results stand by themselves."""
        role: Role = message.role
        parts: list[Part] = []
        results: list[Part] = []
        server = _server_results(message)
        for at, block in enumerate(message.content or ()):
            place = f"{path}.content[{at}]"
            if block.tool_use is not None and block.tool_use.type is not None:
                parts.append(builtin_call(block.tool_use, server.get(block.tool_use.tool_use_id or "")))
            elif role == "assistant" and block.tool_result is not None:
                _check_server_result(block.tool_result, message, place)
            else:
                for part in self._part(block, place, role):
                    (results if type(part) is ToolResult else parts).append(part)
        if results:
            yield Message("tool", tuple(results))
        if parts or not (results or role == "system"):
            yield Message(role, tuple(parts))

    def _part(self, block: wire.ContentBlock, path: str, role: Role) -> Iterable[Part]:
        kind = _kind(block, path)
        if kind not in _ALLOWED[role]:
            raise invalid(f"{path}: {_CAMEL[kind]} cannot stand in a message of the role {role}.", path)
        match block:
            case wire.ContentBlock(text=str(text)):
                return (Text(text),) if text else ()
            case wire.ContentBlock(tool_use=wire.ToolUseBlock() as call):
                return (_call(call, f"{path}.toolUse"),)
            case wire.ContentBlock(tool_result=wire.ToolResultBlock() as result):
                return (self._result(result, f"{path}.toolResult"),)
            case wire.ContentBlock(reasoning_content=wire.ReasoningContentBlock(reasoning_text=thought)):
                if thought is not None:
                    return (Reasoning(thought.text),)
                self._lost("messages.content.reasoningContent.redactedContent")
            case wire.ContentBlock(guard_content=wire.GuardrailConverseContentBlock() as guarded):
                return self._guarded(guarded, f"{path}.guardContent")
            case wire.ContentBlock(citations_content=wire.CitationsContentBlock() as cited):
                return _cited(cited)
            case wire.ContentBlock(tool_addition=wire.ToolAdditionBlock(tool=tool)) if tool is not None:
                self.removed.discard(tool.name or "")
            case wire.ContentBlock(tool_removal=wire.ToolRemovalBlock(tool=tool)) if tool is not None:
                self.removed.add(tool.name or "")
            case _:
                return self._media(block, path)
        return ()

    def _media(self, block: wire.ContentBlock | wire.ToolResultContentBlock, path: str) -> Iterable[Part]:
        if block.image is not None:
            return (image(block.image, f"{path}.image"),)
        if block.document is not None:
            return document(block.document, f"{path}.document", self._lost)
        if block.video is not None:
            return (video(block.video, f"{path}.video"),)
        if block.search_result is not None:
            return (search_result(block.search_result, self._lost),)
        if isinstance(block, wire.ContentBlock) and block.audio is not None:
            return (audio(block.audio, f"{path}.audio"),)
        return ()  # a cache point: GigaChat caches by itself

    def _guarded(self, guarded: wire.GuardrailConverseContentBlock, path: str) -> Iterable[Part]:
        """What a guardrail would look at is said to the model all the same."""
        if guarded.image is not None:
            return (image(wire.ImageBlock(guarded.image.format, guarded.image.source), f"{path}.image"),)
        if guarded.text is None:
            raise invalid(f"{path} needs text or image.", path)
        if guarded.text.qualifiers:
            self._lost("messages.content.guardContent.text.qualifiers")
        return (Text(guarded.text.text),)

    def _result(self, result: wire.ToolResultBlock, path: str) -> ToolResult:
        content: list[Part] = []
        for at, block in enumerate(result.content or ()):
            if block.text is not None:
                content.append(Text(block.text))
            elif block.json is not UNSET:
                content.append(Text(msgspec.json.encode(block.json).decode()))
            else:
                found = tuple(self._media(block, f"{path}.content[{at}]"))
                if not found:
                    raise _no_kind(f"{path}.content[{at}]")
                content += found
        return ToolResult(
            result.tool_use_id or "",
            tuple(content),  # type: ignore[arg-type]  # texts and media are all that was put in
            is_error=result.status == "error",
        )


def _kind(block: wire.ContentBlock, path: str) -> str:
    kinds = [name for name in block.__struct_fields__ if getattr(block, name) is not None]
    if not kinds:
        raise _no_kind(path)
    if len(kinds) > 1:
        raise invalid(f"{path} has {_CAMEL[kinds[0]]} and {_CAMEL[kinds[1]]}: a block has one of them.", path)
    return kinds[0]


def _no_kind(path: str) -> GatewayError:
    return invalid(f"{path} is a block of no kind that the gateway knows.", path)


def _call(call: wire.ToolUseBlock, path: str) -> ToolCall:
    if not call.name:
        raise invalid(f"{path}.name is missing.", f"{path}.name")
    arguments = "{}" if call.input is None else msgspec.json.encode(call.input).decode()
    return ToolCall(call.tool_use_id or "", call.name, arguments)


def _cited(cited: wire.CitationsContentBlock) -> Iterable[Text]:
    """Our own answers say the text first and name its sources after it, so a block may have no text."""
    text = "".join(content.text or "" for content in cited.content or ())
    sources = [
        Citation(each.location.web.url, each.title or "", 0, len(text))
        for each in cited.citations or ()
        if each.location is not None and each.location.web is not None and each.location.web.url
    ]
    return (Text(text, tuple(sources)),) if text else ()


def _server_results(message: wire.Message) -> dict[str, wire.ToolResultBlock]:
    """The results of tools that the model's own side ran, by the id of their call."""
    found = (block.tool_result for block in message.content or ())
    return {result.tool_use_id or "": result for result in found if result is not None}


def _check_server_result(result: wire.ToolResultBlock, message: wire.Message, path: str) -> None:
    for block in message.content or ():
        use = block.tool_use
        if use is not None and use.type is not None and use.tool_use_id == result.tool_use_id:
            return
    raise invalid(f"{path}: toolResult belongs in a message of the role user.", path)
