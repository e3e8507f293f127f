"""What the events of a stream are called and say, apart from when they come."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gigamost.framing import sse

JsonObject = dict[str, Any]
Frame = tuple[str, JsonObject]

_json = msgspec.json.Encoder().encode
# The progress of a built-in tool's call, between `in_progress` and `completed`.
WORKING: Final = {
    "web_search_call": "searching",
    "code_interpreter_call": "interpreting",
    "image_generation_call": "generating",
}


def event(name: str, fields: JsonObject, number: int) -> bytes:
    kind = f"response.{name}"
    return sse.encode(_json({"type": kind, **fields, "sequence_number": number}), kind)


def head(name: str, fields: JsonObject) -> bytes:
    """A delta up to its text: these bytes are the same for every delta of an item. `delta` says the rest."""
    kind = f"response.{name}"
    return b'event: %b\ndata: %b,"delta":' % (kind.encode(), _json({"type": kind, **fields})[:-1])


def delta(begun: bytes, text: str, number: int) -> bytes:
    return b'%b%b,"sequence_number":%d}\n\n' % (begun, _json(text), number)


def summary(text: str) -> JsonObject:
    return {"type": "summary_text", "text": text}


def thought(text: str) -> JsonObject:
    return {"type": "reasoning_text", "text": text}


def endings(item: JsonObject) -> Iterator[Frame]:
    """The events that end an item's content, before the item itself is done."""
    match item["type"]:
        case "message":
            (part,) = item["content"]
            for at, cited in enumerate(part["annotations"]):
                fields = {"content_index": 0, "annotation_index": at, "annotation": cited}
                yield "output_text.annotation.added", fields
            yield "output_text.done", {"content_index": 0, "text": part["text"], "logprobs": []}
            yield "content_part.done", {"content_index": 0, "part": part}
        case "reasoning":
            for part in item["summary"]:
                yield "reasoning_summary_text.done", {"summary_index": 0, "text": part["text"]}
                yield "reasoning_summary_part.done", {"summary_index": 0, "part": part}
            for part in item.get("content", ()):
                yield "reasoning_text.done", {"content_index": 0, "text": part["text"]}
                yield "content_part.done", {"content_index": 0, "part": part}
        case "function_call":
            yield "function_call_arguments.done", {"name": item["name"], "arguments": item["arguments"]}
        case "custom_tool_call":
            yield "custom_tool_call_input.delta", {"delta": item["input"]}
            yield "custom_tool_call_input.done", {"input": item["input"]}
        case kind if kind in WORKING and item["status"] == "completed":
            yield f"{kind}.completed", {}
        case _:
            pass
