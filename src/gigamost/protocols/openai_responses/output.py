"""The parts of an answer as items of a response.

An item's id comes from the stamp and its place, so that a whole answer, a stream and what is kept name the same items.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.fold import Content
from gigamost.core.messages import BuiltinCall, Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.protocols.openai_responses.native import NATIVE
from gigamost.protocols.openai_responses.sealed import seal
from gigamost.protocols.openai_responses.tools import Shown

JsonObject = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete"]
Drawn = tuple[Content, Media | None]  # a part of an answer, and the picture that an image generation came to

# What each built-in tool's call is called, here and in the names of its events.
BUILTIN_ITEMS: Final[Mapping[str, str]] = {
    "web_search": "web_search_call",
    "web_fetch": "web_search_call",
    "code_interpreter": "code_interpreter_call",
    "image_generation": "image_generation_call",
}
_PREFIX: Final[Mapping[str, str]] = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "shell_call": "sh",
    "local_shell_call": "lsh",
    "apply_patch_call": "apc",
    "tool_search_call": "tsc",
    "web_search_call": "ws",
    "code_interpreter_call": "ci",
    "image_generation_call": "ig",
    "compaction": "cmp",
}


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `shown` has its tools by the names that the model sees. `summarises`: thoughts go
    into the summary of their item, else into its content. `seals`: their encrypted form is wanted. `compacts`: the text
    is a summary to be carried in a compaction item. `echo` are the members of the response that repeat the request."""

    shown: Mapping[str, Shown] = {}
    summarises: bool = False
    seals: bool = False
    compacts: bool = False
    echo: bytes = b""


class Items:
    """The items of one answer. `at` is an item's place in the output."""

    def __init__(self, stamp: Stamp, form: Form) -> None:
        self.form = form
        self._stamp = stamp

    def all(self, parts: Sequence[Content], last: Status) -> list[JsonObject]:
        """`last` is the status of what was said last."""
        items: list[JsonObject] = []
        shown = list(_with_pictures(parts))
        for place, (part, picture) in enumerate(shown):
            item = self.whole(part, picture, len(items), last if place == len(shown) - 1 else "completed")
            if item is not None:
                items.append(item)
        return items

    def whole(self, part: Content, picture: Media | None, at: int, status: Status) -> JsonObject | None:
        """None for what has no item. `picture` is what an image generation came to."""
        match part:
            case Text():
                return self.compaction(part.text, at) if self.form.compacts else self.message(at, part, status)
            case Reasoning():
                sealed = self.form.seals and part.opaque is not None
                return self.reasoning(at, part) if part.text or sealed else None
            case ToolCall():
                return self.call(at, status, part)
            case BuiltinCall():
                return self.builtin(at, "failed" if part.is_failed else "completed", part, picture)
            case Media():
                if part.kind == "image" and isinstance(part.source, Inline):
                    return self.builtin(at, "completed", BuiltinCall("image_generation"), part)
                return self.message(at, Text(_linked(part)), status)
            case _:
                assert_never(part)

    def message(self, at: int, text: Text | None = None, status: Status = "in_progress") -> JsonObject:
        content = [] if text is None else [output_text(text.text, text.citations)]
        return {
            "type": "message",
            "id": self._id("message", at),
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def reasoning(self, at: int, part: Reasoning | None = None) -> JsonObject:
        item: JsonObject = {"type": "reasoning", "id": self._id("reasoning", at), "summary": []}
        if part is None:
            return item
        if part.text and self.form.summarises:
            item["summary"] = [{"type": "summary_text", "text": part.text}]
        elif part.text:
            item["content"] = [{"type": "reasoning_text", "text": part.text}]
        if self.form.seals:
            item["encrypted_content"] = seal(part)
        return item

    def call(self, at: int, status: Status, call: ToolCall) -> JsonObject:
        shown = self.form.shown.get(call.name) or Shown("function", call.name)
        native = NATIVE.get(shown.kind)
        if native is not None:
            head = {"type": native.item, "id": self._id(native.item, at), "call_id": call.id}
            # A patch has no word for one that was cut short.
            said = "in_progress" if status == "incomplete" and shown.kind == "apply_patch" else status
            return {**head, "status": said, **native.fields(_object(call.arguments))}
        kind = "custom_tool_call" if shown.kind == "custom" else "function_call"
        item: JsonObject = {"type": kind, "id": self._id(kind, at), "call_id": call.id, "name": shown.name}
        if shown.namespace:
            item["namespace"] = shown.namespace
        if shown.kind == "custom":
            item["input"] = custom_input(call.arguments) if call.arguments else ""
        else:
            item["arguments"] = call.arguments
        return {**item, "status": status}

    def builtin(self, at: int, status: str, call: BuiltinCall, picture: Media | None = None) -> JsonObject | None:
        kind = BUILTIN_ITEMS.get(call.kind)
        if kind is None:
            return None
        item: JsonObject = {"type": kind, "id": self._id(kind, at), "status": status}
        match kind:
            case "web_search_call" if call.kind == "web_fetch":
                item["action"] = {"type": "open_page", "url": None}
            case "web_search_call":
                item["action"] = {"type": "search", "query": ""}  # no upstream says what it searched for
            case "code_interpreter_call":
                item |= {"code": None, "container_id": f"cntr_{self._stamp.id}", "outputs": None}
            case _:
                item["result"] = None
                if picture is not None and isinstance(picture.source, Inline):
                    item["result"] = base64.b64encode(picture.source.data).decode()
                    subtype = picture.mime.partition("/")[2]
                    if subtype in ("png", "jpeg", "webp", "gif"):
                        item["output_format"] = subtype
        return item

    def compaction(self, text: str, at: int) -> JsonObject:
        return {
            "type": "compaction",
            "id": self._id("compaction", at),
            "encrypted_content": seal(Reasoning(text)),
        }

    def _id(self, kind: str, at: int) -> str:
        return f"{_PREFIX[kind]}_{self._stamp.id}o{at}"


def _with_pictures(parts: Sequence[Content]) -> list[Drawn]:
    shown: list[Drawn] = []
    for part in parts:
        if isinstance(part, Media) and shown and takes(shown[-1], part):
            shown[-1] = shown[-1][0], part
        else:
            shown.append((part, None))
    return shown


def takes(before: Drawn, media: Media) -> bool:
    """Whether `media` is what the image generation right before it came to."""
    call, picture = before
    return (
        picture is None
        and isinstance(call, BuiltinCall)
        and call.kind == "image_generation"
        and not call.is_failed
        and media.kind == "image"
        and isinstance(media.source, Inline)
    )


def output_text(text: str, citations: Sequence[Citation] = ()) -> JsonObject:
    return {"type": "output_text", "text": text, "annotations": [*map(annotation, citations)], "logprobs": []}


def annotation(citation: Citation) -> JsonObject:
    return {
        "type": "url_citation",
        "start_index": citation.start,
        "end_index": citation.end,
        "title": citation.title,
        "url": citation.url,
    }


def custom_input(arguments: str) -> str:
    """The free text of a custom tool, out of the one string argument it was emulated with."""
    value = _object(arguments).get("input", arguments)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _object(arguments: str) -> JsonObject:
    try:
        return msgspec.json.decode(arguments, type=JsonObject)
    except msgspec.DecodeError:
        return {}


def _linked(media: Media) -> str:
    """What has no item of its own is a Markdown link in a text."""
    if isinstance(media.source, Inline):
        data = base64.b64encode(media.source.data).decode()
        return f"[{media.name or media.kind}](data:{media.mime};base64,{data})"
    return f"[{media.kind}]"
