"""The messages of a Messages request to core values, each error with the path of its field.

    user       ( tool_result | anything shown )*      the results become messages of their own, in their order
    assistant  ( text | thinking | tool_use | server tool and its result )*
    system     anywhere among them

Results of tools that a server ran become results without a call: nobody must take those tools for callable ones.
A compaction block stands for everything before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from gigamost.core.body import misfit
from gigamost.core.errors import invalid
from gigamost.core.messages import (
    BuiltinCall,
    ClientFile,
    Media,
    Message,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from gigamost.protocols.anthropic_messages import wire
from gigamost.protocols.anthropic_messages.documents import read_document, read_image, read_search_result
from gigamost.protocols.anthropic_messages.tools import BUILTINS, function_name

SUMMARY = "[Summary of the conversation so far]\n"
_RESULT_TAG = "_tool_result"
_NO_CALLS = "only an assistant's message may hold it"
_NO_SHOWING = "only a user's message may hold it"


class Reading:
    """Reads the messages of one request. `ignored`: what they say in vain, as the client wrote it. `changes`: how they
    change the request's tools, in order.

    Raises GatewayError (400) naming `messages[i]...`.
    """

    def __init__(self) -> None:
        self.ignored: list[str] = []
        self.changes: list[wire.ToolAdditionBlock | wire.ToolRemovalBlock] = []
        self._server_tools: dict[str, str] = {}  # of the calls that a server ran: id to name

    def read(self, messages: Sequence[wire.Message]) -> tuple[Message, ...]:
        if not messages:
            raise invalid("messages is missing or empty: send at least one message.", "messages")
        found: list[Message] = []
        for at, message in enumerate(messages):
            path = f"messages[{at}]"
            if message.role == "system":
                self._lose("messages.clear_at", message.clear_at not in (None, "never"))
                self._lose("messages.output_config", message.output_config)
            content = [wire.TextBlock(message.content)] if isinstance(message.content, str) else message.content
            parts: list[Part] = []
            for number, block in enumerate(content or ()):
                if isinstance(block, wire.CompactionBlock) and block.content:
                    found, parts = [Message("user", (Text(SUMMARY + block.content),))], []
                    self.changes = block.tool_changes or self.changes
                    continue
                parts += self._parts(block, message.role, f"{path}.content[{number}]")
            found += _grouped(message.role, parts)
        return tuple(found)

    def _parts(self, block: wire.ContentBlock, role: str, path: str) -> Iterable[Part]:
        if isinstance(block, wire.TextBlock):
            return (Text(block.text),) if block.text else ()
        if isinstance(block, wire.ToolAdditionBlock | wire.ToolRemovalBlock):
            self.changes = [*self.changes, block]
            return ()
        if isinstance(block, wire.McpToolListingBlock):
            self._lose("messages.content.mcp_tool_listing", True)
            return ()
        if role == "assistant":
            return self._said(block, path)
        if role == "system":
            raise invalid(f"{path}: a system message holds text only.", path)
        if isinstance(block, wire.ToolResultBlock):
            return (self._result(block, path),)
        return self._shown(block, path)

    def _shown(self, block: wire.ContentBlock, path: str) -> tuple[Text | Media, ...]:
        match block:
            case wire.ImageBlock():
                self._lose("messages.content.transformations", block.transformations)
                return read_image(block, path)
            case wire.DocumentBlock():
                self._lose("messages.content.citations", (block.citations or {}).get("enabled"))
                return read_document(block, path)
            case wire.SearchResultBlock():
                self._lose("messages.content.citations", (block.citations or {}).get("enabled"))
                return (read_search_result(block),)
            case wire.ToolReferenceBlock(tool_name=name):
                return (Text(f"The tool {name} can be called."),)
            case wire.ContainerUploadBlock(file_id=file_id):
                return (Media("document", ClientFile(file_id), place=path),)
            case _:
                raise invalid(f"{path}: {_tag(block)}: {_NO_CALLS}.", path)

    def _said(self, block: wire.ContentBlock, path: str) -> Iterable[Part]:
        match block:
            case wire.ThinkingBlock(thinking=text):
                return (Reasoning(text),) if text else ()
            case wire.ToolUseBlock():
                return (ToolCall(block.id, function_name(block.name, block.toolset_name), _input(block, path)),)
            case wire.ServerToolUseBlock(id=call_id, name=name):
                self._server_tools[call_id] = name
                kind = BUILTINS.get(name)
                return (BuiltinCall(kind, call_id),) if kind is not None else ()
            case wire.McpToolUseBlock(id=call_id, name=name):
                self._server_tools[call_id] = name
                return ()
            case wire.ServerResult(tool_use_id=call_id):
                name = self._server_tools.get(call_id) or _tag(block).removesuffix(_RESULT_TAG)
                content = _told(block.content, path)
                return (ToolResult(call_id, content, name, bool(block.is_error)),) if content else ()
            case wire.ContainerUploadBlock():
                self._lose("messages.content.container_upload", True)
                return ()
            case wire.RedactedThinkingBlock() | wire.FallbackBlock() | wire.CompactionBlock():
                return ()
            case _:
                raise invalid(f"{path}: {_tag(block)}: {_NO_SHOWING}.", path)

    def _result(self, block: wire.ToolResultBlock, path: str) -> ToolResult:
        content: list[Text | Media] = []
        if isinstance(block.content, str):
            content += [Text(block.content)] if block.content else []
        for at, inner in enumerate(() if isinstance(block.content, str) else block.content or ()):
            if isinstance(inner, wire.TextBlock):
                content.append(Text(inner.text))
            elif isinstance(inner, wire.BrowserStateBlock):
                state = {"tabs": inner.tabs, "state_changes": inner.state_changes or []}
                content.append(Text("[State of the browser]\n" + _json(state, path)))
            else:
                content += self._shown(inner, f"{path}.content[{at}]")
        return ToolResult(block.tool_use_id, tuple(content), is_error=bool(block.is_error))

    def _lose(self, name: str, is_said: Any) -> None:
        if is_said and name not in self.ignored:
            self.ignored.append(name)


def _grouped(role: Any, parts: list[Part]) -> Iterator[Message]:
    if not parts and role != "system":  # an instruction that says nothing is none
        yield Message(role, ())
    for is_result, run in groupby(parts, key=lambda part: type(part) is ToolResult):
        yield Message("tool" if is_result else role, tuple(run))


def _tag(block: wire.ContentBlock) -> str:
    return str(type(block).__struct_config__.tag)


def _input(block: wire.ToolUseBlock, path: str) -> str:
    return block.input if isinstance(block.input, str) else _json(block.input or {}, f"{path}.input")


def _told(content: Any, path: str) -> tuple[Text | Media, ...]:
    """The result of a tool that a server ran, without what only that server can read."""
    if not content:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if isinstance(content, dict) and content.get("type") == "web_fetch_result":
        try:
            page = msgspec.convert(content.get("content"), wire.DocumentBlock)
        except msgspec.ValidationError as error:
            raise misfit(error, f"{path}.content.content") from None
        return (Text(str(content.get("url", ""))), *read_document(page, f"{path}.content.content"))
    items = content if isinstance(content, list) else [content]
    texts = [
        item["text"]
        if isinstance(item, dict) and isinstance(item.get("text"), str)
        else _json(_readable(item), f"{path}.content")
        for item in items
    ]
    return tuple(map(Text, texts))


def _readable(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if key != "type" and not key.startswith("encrypted_")}


def _json(value: Any, path: str) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        raise invalid(f"{path} is nested too deeply.", path) from None
