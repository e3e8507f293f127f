"""A whole answer in Chat Completions' form (server role), and read from it (client role)."""

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import FinishReason
from gigamost.core.fold import Reply
from gigamost.core.messages import Citation, Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage

FINISH: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `customs` names the tools whose input is free text."""

    include_usage: bool = False
    legacy_functions: bool = False
    customs: frozenset[str] = frozenset()


def encode(reply: Reply, stamp: Stamp, form: Form) -> bytes:
    finish = FINISH[reply.finish]
    return msgspec.json.encode(
        kept_in(reply.thread)
        | {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion",
            "created": stamp.created,
            "model": stamp.model,
            "choices": [
                {
                    "index": 0,
                    "message": _message(reply, form),
                    "logprobs": None,
                    "finish_reason": "function_call" if finish == "tool_calls" and form.legacy_functions else finish,
                }
            ],
            "usage": usage_of(reply.usage),
        }
    )


def _message(reply: Reply, form: Form) -> dict[str, Any]:
    text, annotations = "", []
    for part in reply.parts:
        if isinstance(part, Text | Media):
            annotations += annotations_of(part.citations, len(text)) if isinstance(part, Text) else []
            text += shown(part)
    calls = reply.calls
    message: dict[str, Any] = {"role": "assistant", "content": None if calls and not text else text, "refusal": None}
    thoughts = "".join(part.text for part in reply.parts if isinstance(part, Reasoning))
    if thoughts:
        message["reasoning_content"] = thoughts
    if annotations:
        message["annotations"] = annotations
    if calls and form.legacy_functions:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        message["tool_calls"] = [_call(call, form) for call in calls]
    return message


def _call(call: ToolCall, form: Form) -> dict[str, Any]:
    if call.name in form.customs:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": custom_input(call.arguments)}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def custom_input(arguments: str) -> str:
    """The free text of a custom tool, out of the one string argument it was emulated with."""
    try:
        value = msgspec.json.decode(arguments, type=dict[str, Any]).get("input", arguments)
    except msgspec.DecodeError:
        return arguments
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def shown(part: Text | Media) -> str:
    """A generated picture has no place of its own in Chat Completions: it is a Markdown image in the text."""
    if isinstance(part, Text):
        return part.text
    if isinstance(part.source, Inline):
        return f"![{part.name or part.kind}](data:{part.mime};base64,{base64.b64encode(part.source.data).decode()})"
    return f"[{part.kind}]"


def annotations_of(citations: Iterable[Citation], offset: int) -> list[dict[str, Any]]:
    """The sources of a text that begins `offset` characters into the message's content."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": citation.start + offset,
                "end_index": citation.end + offset,
                "url": citation.url,
                "title": citation.title,
            },
        }
        for citation in citations
    ]


def kept_in(thread: str) -> dict[str, str]:
    """GigaChat's own field: the conversation that it keeps, for a client that sent `storage`."""
    return {"thread_id": thread} if thread else {}


def usage_of(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
