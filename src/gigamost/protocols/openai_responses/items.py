"""The items of an input to messages.

Neighbouring items of the assistant (reasoning, a text, calls) are one message, so that parallel calls stay together.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from gigamost.core.dataurl import decode_base64
from gigamost.core.errors import invalid
from gigamost.core.messages import (
    BuiltinCall,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from gigamost.core.request import BuiltinKind
from gigamost.protocols.openai_responses import wire
from gigamost.protocols.openai_responses.content import convert, read_content
from gigamost.protocols.openai_responses.native import arguments_of
from gigamost.protocols.openai_responses.sealed import unseal
from gigamost.protocols.openai_responses.tools import flat_name

JsonObject = dict[str, Any]

SUMMARY: Final = "[Summary of the conversation so far]\n"
_PICTURE: Final = "[Image that you generated]"
_HOSTED: Final[Mapping[str, BuiltinKind]] = {
    "web_search_call": "web_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
}
# Items of tools that nobody here can run, and notes that say nothing to the model.
_UNHEARD: Final = frozenset(
    {
        "computer_call",
        "computer_call_output",
        "file_search_call",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_list_tools",
        "program",
        "program_output",
    }
)


def kind_of(raw: JsonObject, path: str) -> str:
    """The item's type, also where the vendor lets it be left out. Raises GatewayError (400)."""
    kind = raw.get("type")
    if isinstance(kind, str):
        return kind
    if kind is None and "role" in raw:
        return "message"
    if kind is None and "id" in raw:
        return "item_reference"
    raise invalid(f"{path}.type is missing: an item without a role needs one.", f"{path}.type")


class Reading:
    """Feed items in their order. `known` are earlier items by id, for references.

    `tools`, `reasoning` and `text` are what items added to the request or changed of it; `compacts`: the answer is to
    be a summary of all this.
    """

    def __init__(self, known: Mapping[str, JsonObject]) -> None:
        self.messages: list[Message] = []
        self.ignored: list[str] = []
        self.tools: list[JsonObject] = []
        self.reasoning: wire.Reasoning | None = None
        self.text: wire.TextConfig | None = None
        self.compacts = False
        self._known = known

    def read(self, items: Iterable[JsonObject], root: str) -> None:
        """Raises GatewayError (400) naming `root[i]...`."""
        for at, raw in enumerate(items):
            path = f"{root}[{at}]"
            kind = kind_of(raw, path)
            if self.compacts:
                raise invalid(f"{path} stands behind a compaction_trigger, which must be last.", path)
            if kind in _HOSTED:
                self._hosted(raw, path, _HOSTED[kind])
            elif kind in _UNHEARD:
                self.lose(f"input.{kind}")
            elif (read := _READERS.get(kind)) is not None:
                read(self, raw, path)
            else:
                raise invalid(f"{path}.type is {kind[:80]!r}, which is no item of this API.", f"{path}.type")

    def lose(self, name: str) -> None:
        if name not in self.ignored:
            self.ignored.append(name)

    def message(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.MessageItem, path)
        if item.phase is not None:
            self.lose("input.phase")
        content = read_content(item.content, f"{path}.content", self.lose, text_only=item.role != "user")
        match item.role:
            case "user":
                self._say("user", *content)
            case "system" | "developer":
                self._say("system", *content)
            case "assistant":
                self._assistant(*content)

    def reference(self, raw: JsonObject, path: str) -> None:
        item_id = convert(raw, wire.ItemReference, path).id
        item = self._known.get(item_id)
        if item is None or kind_of(item, path) == "item_reference":
            message = f"{path}: no item {item_id[:80]!r} is kept. Send the item itself."
            raise invalid(message, f"{path}.id", "item_not_found")
        self.read([item], path)

    def thought(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.ReasoningItem, path)
        sealed = item.encrypted_content
        reasoning = unseal(sealed) if sealed else None
        if reasoning is None:
            if sealed:
                self.lose("input.encrypted_content")
            reasoning = Reasoning("\n".join(thought.text for thought in item.content or item.summary or ()))
        if reasoning.text or reasoning.opaque is not None:
            self._assistant(reasoning)

    def function_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.FunctionCall, path)
        name = flat_name(item.namespace, item.name)
        self._assistant(ToolCall(item.call_id or "", name, _json(item.arguments)))

    def custom_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.CustomCall, path)
        name = flat_name(item.namespace, item.name)
        self._assistant(ToolCall(item.call_id or "", name, _json({"input": item.input or ""})))

    def call_output(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.CallOutput, path)
        content = read_content(item.output, f"{path}.output", self.lose)
        self._result(ToolResult(item.call_id or "", content, item.name or ""))

    def shell_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.ShellCall, path)
        self._assistant(ToolCall(item.call_id or "", "shell", arguments_of(item.action)))

    def local_shell_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.LocalShellCall, path)
        self._assistant(ToolCall(item.call_id or "", "local_shell", arguments_of(item.action)))

    def patch_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.ApplyPatchCall, path)
        self._assistant(ToolCall(item.call_id or "", "apply_patch", arguments_of(item.operation)))

    def native_output(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.NativeOutput, path)
        output = item.output
        text = output if isinstance(output, str) else _json(output) if output else item.status or ""
        # A local shell's output names its call by `id`, one of the others' by `call_id`; `id` is then its own.
        self._result(ToolResult(item.call_id or item.id or "", (Text(text),), is_error=item.status == "failed"))

    def search_call(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.ToolSearchCall, path)
        if item.call_id:
            self._assistant(ToolCall(item.call_id, "tool_search", _json(item.arguments)))

    def search_output(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.LoadedTools, path)
        self.tools += item.tools
        if item.call_id:
            names = [str(tool.get("name") or tool.get("type")) for tool in item.tools]
            self._result(ToolResult(item.call_id, (Text(f"Tools found: {', '.join(names) or 'none'}"),)))

    def added_tools(self, raw: JsonObject, path: str) -> None:
        self.tools += convert(raw, wire.LoadedTools, path).tools

    def mcp_call(self, raw: JsonObject, path: str) -> None:
        """The vendor's server called it and had its result: a call and a result like any other."""
        item = convert(raw, wire.McpCall, path)
        failure = item.error if isinstance(item.error, str) else _json(item.error) if item.error else ""
        call_id = item.id or ""
        self._assistant(ToolCall(call_id, flat_name(item.server_label, item.name), item.arguments or "{}"))
        self._result(ToolResult(call_id, (Text(failure or item.output or ""),), is_error=bool(failure)))

    def compaction(self, raw: JsonObject, path: str) -> None:
        carried = unseal(convert(raw, wire.Compaction, path).encrypted_content)
        if carried is None:
            message = f"{path} was made by another vendor and cannot be read here: send the conversation itself."
            raise invalid(message, f"{path}.encrypted_content")
        self._say("system", Text(SUMMARY + carried.text))

    def trigger(self, raw: JsonObject, path: str) -> None:
        self.compacts = True

    def configure(self, raw: JsonObject, path: str) -> None:
        item = convert(raw, wire.ConfigurationUpdate, path)
        self.reasoning = item.reasoning or self.reasoning
        self.text = item.text or self.text

    def _hosted(self, raw: JsonObject, path: str, kind: BuiltinKind) -> None:
        item = convert(raw, wire.HostedCall, path)
        self._assistant(BuiltinCall(kind, item.id or "", is_failed=item.status == "failed"))
        if item.result:
            data = decode_base64(item.result, f"{path}.result")
            picture = Media("image", Inline(data), f"image/{item.output_format or 'png'}", place=path)
            self._say("user", Text(_PICTURE), picture)

    def _say(self, role: Role, *parts: Part) -> None:
        self.messages.append(Message(role, parts))

    def _assistant(self, *parts: Part) -> None:
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "assistant" or _would_run_together(last.parts, parts):
            self._say("assistant", *parts)
        else:
            self.messages[-1] = Message("assistant", last.parts + parts)

    def _result(self, result: ToolResult) -> None:
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role == "tool":
            self.messages[-1] = Message("tool", (*last.parts, result))
        else:
            self._say("tool", result)


def _would_run_together(said: tuple[Part, ...], more: tuple[Part, ...]) -> bool:
    """Whether two texts would become one; a call waits for its result and keeps what follows it beside it."""
    texts = any(isinstance(part, Text) for part in said) and any(isinstance(part, Text) for part in more)
    return texts and not any(isinstance(part, ToolCall) for part in said)


def _json(value: str | JsonObject | list[JsonObject] | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


_READERS: Final[Mapping[str, Callable[[Reading, JsonObject, str], None]]] = {
    "message": Reading.message,
    "item_reference": Reading.reference,
    "reasoning": Reading.thought,
    "function_call": Reading.function_call,
    "function_call_output": Reading.call_output,
    "custom_tool_call": Reading.custom_call,
    "custom_tool_call_output": Reading.call_output,
    "shell_call": Reading.shell_call,
    "shell_call_output": Reading.native_output,
    "local_shell_call": Reading.local_shell_call,
    "local_shell_call_output": Reading.native_output,
    "apply_patch_call": Reading.patch_call,
    "apply_patch_call_output": Reading.native_output,
    "tool_search_call": Reading.search_call,
    "tool_search_output": Reading.search_output,
    "additional_tools": Reading.added_tools,
    "mcp_call": Reading.mcp_call,
    "compaction": Reading.compaction,
    "compaction_summary": Reading.compaction,
    "compaction_trigger": Reading.trigger,
    "configuration_update": Reading.configure,
}
