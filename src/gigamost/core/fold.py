"""Non-streaming is the folded stream: events in, one `Reply` out. Also the way back."""

from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.messages import BuiltinCall, Media, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage

Content = Text | Reasoning | ToolCall | Media | BuiltinCall


class Reply(msgspec.Struct, frozen=True):
    """A whole answer. `model` is what the upstream calls itself."""

    parts: tuple[Content, ...]
    finish: FinishReason
    usage: Usage
    model: str = ""
    stop_sequence: str | None = None
    thread: str = ""

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class Fold:
    """Feed every event; `reply` is there once Finish came. Raises the Problem of a Failure as GatewayError."""

    def __init__(self) -> None:
        self.model = ""
        self.parts: list[Content] = []
        self.reply: Reply | None = None
        self._opened: PartStart | None = None
        self._texts: list[str] = []

    def feed(self, event: Event) -> None:
        match event:
            case PartDelta(text=text):
                self._texts.append(text)
            case PartStart():
                self._opened, self._texts = event, []
            case PartEnd():
                if self._opened is not None:
                    self.parts.extend(_whole(self._opened, "".join(self._texts), event))
                self._opened = None
            case Start(model=model):
                self.model = model
            case Finish(reason=reason, usage=usage, stop_sequence=stop, thread=thread):
                self.reply = Reply(tuple(self.parts), reason, usage, self.model, stop, thread)
            case Failure(problem=problem):
                raise GatewayError.of(problem)
            case _:
                assert_never(event)


def _whole(opened: PartStart, text: str, end: PartEnd) -> Iterable[Content]:
    opaque = end.opaque or opened.opaque
    match opened.kind:
        case "text":
            return (Text(text, end.citations),) if text else ()
        case "reasoning":
            return (Reasoning(text, opaque),)
        case "tool_call":
            return (ToolCall(opened.id, opened.name, text, opaque),)
        case "media":
            return end.media
        case "builtin":
            return (BuiltinCall(opened.name, opened.id, text, end.is_failed), *end.media)
        case _:
            assert_never(opened.kind)


def fold(events: Iterable[Event]) -> Reply:
    """Raises GatewayError when the events end in a Failure, ValueError when they do not end."""
    folding = Fold()
    for event in events:
        folding.feed(event)
    if folding.reply is None:
        raise ValueError("the events have no end")
    return folding.reply


def unfold(reply: Reply) -> Iterator[Event]:
    """The events of a whole answer: `fold(unfold(reply)) == reply`."""
    yield Start(reply.model)
    for part in reply.parts:
        match part:
            case Text(text=text, citations=citations):
                yield from (PartStart("text"), PartDelta(text), PartEnd(citations=citations))
            case Reasoning(text=text, opaque=opaque):
                yield from (PartStart("reasoning", opaque=opaque), PartDelta(text), PartEnd())
            case ToolCall(id=call_id, name=name, arguments=arguments, opaque=opaque):
                yield from (PartStart("tool_call", name, call_id, opaque), PartDelta(arguments), PartEnd())
            case BuiltinCall(kind=kind, id=call_id, log=log, is_failed=is_failed):
                yield PartStart("builtin", kind, call_id)
                if log:
                    yield PartDelta(log)
                yield PartEnd(is_failed=is_failed)
            case Media():
                yield from (PartStart("media"), PartEnd(media=(part,)))
            case _:
                assert_never(part)
    yield Finish(reply.finish, reply.usage, reply.stop_sequence, reply.thread)
