"""An answer of GigaChat v2 as events. A whole answer is a stream of one frame.

text, files, tool_execution --> parts, as they come; a message of role `reasoning` holds reasoning
inline_data.sources         --> citations of the text whose marks name them
function_call               --> held until the answer finishes: calls come with the last frame, or before it
response.message.done       --> Finish; without it a stream was cut
"""

from typing import Final

import msgspec

from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.messages import Citation, FileRef, Media, MediaKind, Opaque
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.functions.arguments import from_object
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.parts import Parts
from gigamost.protocols.gigachat.problems import BROKEN_CALL, problem_of, unreadable
from gigamost.protocols.gigachat.sources import SourceMarks
from gigamost.protocols.gigachat.v2 import wire
from gigamost.protocols.gigachat.v2.tools import KINDS
from gigamost.protocols.gigachat.vocabulary import BROKEN, FINISH, ORIGIN

DELTA: Final = "response.message.delta"
DONE: Final = "response.message.done"
ERROR: Final = "response.error"
WORKING: Final = "response.tool.in_progress"
WORKED: Final = "response.tool.completed"
FAILED: Final = ".failed"
# Any other event says nothing that is known. Proxies that drop the names leave frames that say what they are.
_READ: Final = frozenset({"", DELTA, DONE, WORKING, WORKED, "response.tool.started", "response.tool.delta"})
_TARGETS: Final[dict[str, MediaKind]] = {
    "image": "image",
    "audio": "audio",
    "cover": "image",
    "video": "video",
    "3dmodel": "model3d",
}

_decode = msgspec.json.Decoder(wire.Completion).decode


class _Call(msgspec.Struct, frozen=True):
    name: str
    arguments: str
    id: str
    state_id: str


class AnswerReader:
    """Feed frames, get events. `structured` is the function whose arguments are the answer's text, if any."""

    def __init__(self, names: Names, structured: str | None = None) -> None:
        self._names = names
        self._structured = structured
        self._sources = SourceMarks()
        self._parts = Parts(self._sources)
        self._started = False
        self._texts: list[str] = []
        self._working: set[str] = set()  # built-in tools whose end has not been seen
        self._calls: list[_Call] = []
        self._finish: str | None = None
        self._usage: wire.Usage | None = None
        self._thread = ""
        self.finished = False
        self.done = False

    def read(self, event: str, data: bytes) -> list[Event]:
        """A frame of a stream. Raises msgspec.DecodeError."""
        if event == ERROR or event.endswith(FAILED):
            return self.fail(_told(data))
        if event not in _READ or data == b"[DONE]":
            return []
        frame = _decode(data)
        return self.frame(frame, is_last=event == DONE or (not event and frame.finish_reason is not None))

    def frame(self, frame: wire.Completion, *, is_last: bool) -> list[Event]:
        if self.done:
            return []
        if frame.messages is None and frame.status is not None:
            return self.fail(problem_of(frame.status, frame.message or ""))
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Start(frame.model or ""))
        self._thread = frame.thread_id or self._thread
        self._usage = frame.usage or self._usage
        self._finish = frame.finish_reason or self._finish
        before = (len(self._texts), len(self._calls)) if is_last else None
        for said in frame.messages or ():
            self._message(said, events, before)
        if is_last:
            self.finished = True
            self._end(events)
        return events

    def end(self) -> list[Event]:
        if self.done:
            return []
        events: list[Event] = [] if self._started else [Start()]
        self._end(events)
        return events

    def fail(self, problem: Problem) -> list[Event]:
        """The answer broke off: the open part is closed, a call in hand is never completed."""
        if self.done:
            return []
        self.done = True
        events: list[Event] = []
        if self._started:
            self._parts.cut(events)
        events.append(Failure(problem))
        return events

    def _message(self, said: wire.Said, events: list[Event], before: tuple[int, int] | None) -> None:
        """`before`: how many texts and calls came before the last frame, which may repeat them."""
        state_id = said.tool_state_id or said.tools_state_id or said.functions_state_id or ""
        content = [wire.SaidPart(text=said.content)] if isinstance(said.content, str) else said.content
        for part in content or ():
            if part.inline_data is not None:
                self._cite(part.inline_data)
            if part.text and said.role == "reasoning":
                self._parts.thought(part.text, events)
            elif part.text and not (before and part.text == "".join(self._texts[: before[0]])):
                self._texts.append(part.text)
                self._parts.text(part.text, events)
            if part.files:
                self._parts.media(tuple(_media(file) for file in part.files if file.id), events)
            if part.tool_execution is not None:
                self._execution(part.tool_execution, events)
            if part.function_call is not None:
                self._call(part.function_call, state_id, before[1] if before else 0)

    def _cite(self, data: wire.InlineData) -> None:
        for number, source in data.sources.items() if isinstance(data.sources, dict) else ():
            match source:
                case {"url": str(url)} if url:
                    title = source.get("title")
                    self._sources.known[number] = Citation(url, title if isinstance(title, str) else "")

    def _execution(self, execution: wire.ToolExecution, events: list[Event]) -> None:
        name = execution.name or ""
        kind = KINDS.get(name, name)
        # One part is open at a time: a tool whose part another one has closed says no more, unless it fails.
        is_closed = kind in self._working and not self._parts.is_at_work(kind)
        if execution.status in (None, "running"):
            self._working.add(kind)
            left = execution.seconds_left
            if not is_closed:
                self._parts.builtin(kind, f"{left:g} s left\n" if isinstance(left, int | float) else "", events)
            return
        is_failed = execution.status != "success" or execution.censored is True
        self._working.discard(kind)
        if is_failed or not is_closed:
            self._parts.builtin_done(kind, events, is_failed=is_failed)

    def _call(self, call: wire.SaidCall, state_id: str, seen: int) -> None:
        """Keeps a call, unless the last frame repeats one of the first `seen`."""
        made = _Call(call.name or "", from_object(call.arguments), call.id or "", state_id)
        repeated = any((made.id and made.id == each.id) or _same(made, each) for each in self._calls[:seen])
        if made.name and not repeated:
            self._calls.append(made)

    def _end(self, events: list[Event]) -> None:
        self.done = True
        leaked = self._parts.close(events, expects_call=not self._calls)
        if leaked is not None:
            self._calls.append(_Call(*leaked, "", ""))
        if self._finish in BROKEN:
            events.append(Failure(BROKEN_CALL))
            return
        reason = FINISH.get(self._finish or "stop", "stop")
        if self._calls and self._calls[0].name == self._structured:
            events += (PartStart("text"), PartDelta(self._calls[0].arguments), PartEnd())
            reason = "stop" if reason == "tool_calls" else reason
        elif self._calls:
            for call in self._calls:
                opaque = Opaque(ORIGIN, call.state_id) if call.state_id else None
                self._parts.call(self._names.client(call.name), call.arguments, opaque, events)
            reason = "tool_calls" if reason == "stop" else reason
        elif reason == "tool_calls":
            reason = "stop"  # a call without a name is text (quirk 24)
        events.append(Finish(reason, _usage(self._usage), thread=self._thread))


def _same(call: _Call, other: _Call) -> bool:
    return (call.name, call.arguments) == (other.name, other.arguments) and not (call.id and other.id)


def _media(file: wire.SaidFile) -> Media:
    mime = file.mime or ""
    kind = _TARGETS.get(file.target or "")
    if kind is None:
        family = mime.partition("/")[0]
        kind = "image" if family == "image" else "audio" if family == "audio" else "document"
    return Media(kind, FileRef(file.id or ""), mime)


def _usage(usage: wire.Usage | None) -> Usage:
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return Usage(estimated=True)
    details = usage.input_tokens_details
    return Usage(usage.input_tokens, usage.output_tokens, (details.cached_tokens or 0) if details else 0)


def _told(data: bytes) -> Problem:
    """What an event of failure says; its shape was never seen, so `status` and `message` are taken where they are."""
    try:
        told = msgspec.json.decode(data, type=wire.Completion)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.structs.replace(_FAILED, detail=repr(data[:300]))
    if told.status is not None and told.status >= 400:
        return problem_of(told.status, told.message or "")
    words = f"GigaChat: {told.message}" if told.message else _FAILED.message
    return msgspec.structs.replace(_FAILED, message=words, detail=repr(data[:300]))


_FAILED: Final = Problem(Kind.UPSTREAM_FAILED, "GigaChat reported a failure in its answer.", code="upstream_failed")


def decode(body: bytes, reader: AnswerReader) -> list[Event]:
    """A whole answer. What is not an answer of GigaChat is a Failure, never a success."""
    try:
        frame = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return reader.fail(unreadable(error, body))
    if frame.messages is None and frame.status is None:
        return reader.fail(unreadable("an answer without messages", body))
    return [*reader.frame(frame, is_last=True), *reader.end()]
