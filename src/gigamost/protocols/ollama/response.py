"""A whole answer of `/api/chat` and `/api/generate`, and the pieces that their streams are made of too."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import FinishReason
from gigamost.core.fold import Reply
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.messages import Inline, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage

JsonObject = dict[str, Any]
# (text, thoughts, tool calls) as this endpoint says them.
Said = Callable[[str, str, Sequence[JsonObject]], JsonObject]

# Ollama has no word for calls: they come with "stop". "content_filter" is the gateway's own.
DONE: Mapping[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "stop",
    "content_filter": "content_filter",
}


def chat_said(text: str, thoughts: str = "", calls: Sequence[JsonObject] = ()) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": text}
    if thoughts:
        message["thinking"] = thoughts
    if calls:
        message["tool_calls"] = calls
    return {"message": message}


def generate_said(text: str, thoughts: str = "", calls: Sequence[JsonObject] = ()) -> JsonObject:
    """There are no tools in this endpoint, so no call can come."""
    return {"response": text, "thinking": thoughts} if thoughts else {"response": text}


def encode(reply: Reply, stamp: Stamp, said: Said) -> bytes:
    text = "".join(shown(part) for part in reply.parts if isinstance(part, Text | Media))
    thoughts = "".join(part.text for part in reply.parts if isinstance(part, Reasoning))
    calls = [call_of(call, at) for at, call in enumerate(reply.calls)]
    # When its first piece came is not known of a whole answer: all of its time counts as the answer's.
    return msgspec.json.encode(
        head_of(stamp.model, stamp.created * SECOND)
        | said(text, thoughts, calls)
        | done(reply.finish, reply.usage, prompt=0, total=stamp.elapsed())
    )


def head_of(model: str, now: int) -> JsonObject:
    """`now`: nanoseconds since 1970."""
    return {"model": model, "created_at": rfc3339(now)}


def call_of(call: ToolCall, index: int) -> JsonObject:
    """Arguments are an object in this protocol; text that is none, which no model should give, becomes one."""
    arguments: JsonObject | msgspec.Raw = msgspec.Raw(call.arguments.encode())
    try:
        msgspec.json.decode(call.arguments, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        arguments = {"arguments": call.arguments}
    return {"id": call.id, "function": {"index": index, "name": call.name, "arguments": arguments}}


def shown(part: Text | Media) -> str:
    """A generated picture has no place of its own: it is a Markdown image in the text."""
    if isinstance(part, Text):
        return part.text
    if isinstance(part.source, Inline):
        return f"![{part.name or part.kind}](data:{part.mime};base64,{base64.b64encode(part.source.data).decode()})"
    return f"[{part.kind}]"


def done(reason: FinishReason, usage: Usage, *, prompt: int, total: int) -> JsonObject:
    """The end of an answer: why, and what it cost. `prompt` and `total` are nanoseconds until the first piece and until
    now. Clients divide by `eval_duration`, so it is never 0."""
    return {
        "done": True,
        "done_reason": DONE[reason],
        "total_duration": total,
        "load_duration": 0,
        "prompt_eval_count": usage.input_tokens,
        "prompt_eval_duration": prompt,
        "eval_count": usage.output_tokens,
        "eval_duration": max(total - prompt, 1),
    }
