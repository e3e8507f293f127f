"""What a model's answer is while it arrives: one stream of events, the same for every protocol.

Grammar (checked by `core.grammar`):

    answer    = Start part* ( Finish | Failure ) | Failure
    part      = PartStart PartDelta* PartEnd
    cut part  = PartStart PartDelta* Failure        a tool call that a failure cuts is never ended

One part is open at a time. A text or reasoning part is ended before a Failure; a tool call or JSON is not.
"""

from typing import Literal

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.messages import Citation, Media, Opaque
from gigamost.core.usage import Usage

PartKind = Literal["text", "reasoning", "tool_call", "builtin", "media"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Start(msgspec.Struct, frozen=True, tag=True):
    """The answer begins. `model` is what the upstream calls itself; `input_tokens` an estimate where known."""

    model: str = ""
    input_tokens: int | None = None


class PartStart(msgspec.Struct, frozen=True, tag=True):
    """A part opens. `name` and `id` belong to tool calls and built-in tools (there `name` is the `BuiltinKind`, or the
    upstream's own word); `opaque` to what a wire wants echoed."""

    kind: PartKind
    name: str = ""
    id: str = ""
    opaque: Opaque | None = None


class PartDelta(msgspec.Struct, frozen=True, tag=True):
    """Text appended to the open part: prose, reasoning, JSON arguments, or a built-in tool's progress."""

    text: str


class PartEnd(msgspec.Struct, frozen=True, tag=True):
    """The open part is whole. A `media` part brings its media here; `opaque` replaces the one of PartStart. Citations
    belong to a text part; `is_failed` to a built-in tool that did not succeed."""

    media: tuple[Media, ...] = ()
    opaque: Opaque | None = None
    citations: tuple[Citation, ...] = ()
    is_failed: bool = False


class Finish(msgspec.Struct, frozen=True, tag=True):
    """The answer is whole. `stop_sequence` is the client's stop text that ended it, if one did; `thread` names the
    conversation that the upstream keeps, where the client asked it to keep one."""

    reason: FinishReason
    usage: Usage = Usage()
    stop_sequence: str | None = None
    thread: str = ""


class Failure(msgspec.Struct, frozen=True, tag=True):
    """The answer broke off. Nothing follows."""

    problem: Problem


Event = Start | PartStart | PartDelta | PartEnd | Finish | Failure


def is_content(event: Event, opened: PartKind | None) -> bool:
    """Whether a client now has something to see: the point after which retry and failover are no longer free.

    `opened` is the kind of the part that is open when the event comes. Text and reasoning count with their first
    character, a tool call and a picture when whole, a built-in tool when it starts.
    """
    match event:
        case PartDelta(text=text):
            return bool(text) and opened in ("text", "reasoning")
        case PartEnd(media=media):
            return opened == "tool_call" or (opened == "media" and bool(media))
        case PartStart(kind=kind):
            return kind == "builtin"
        case _:
            return False
