"""Chat Completions in the client role: an upstream's answer to events.

Tool calls may be interleaved by `index`, and with text; one part is open at a time here, so the first call streams and
what comes beside it waits until it is whole, that is until the answer finishes.
"""

import msgspec

from gigamost.core.errors import Kind, Problem
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.openai_chat import wire
from gigamost.protocols.openai_chat.errors import problem_of
from gigamost.protocols.openai_chat.response import FINISH

FINISH_IN: dict[str, FinishReason] = {name: reason for reason, name in FINISH.items()} | {"function_call": "tool_calls"}
_CUT = Problem(Kind.UPSTREAM_FAILED, "The upstream's answer broke off before its end.", code="upstream_cut")
_decode = msgspec.json.Decoder(wire.Completion).decode


class _Call:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.texts: list[str] = []


class AnswerReader:
    """Feed decoded chunks (or one whole answer), get events."""

    def __init__(self) -> None:
        self._started = False
        self._open: PartKind | None = None
        self._calls: dict[int, _Call] = {}
        self._live: int | None = None
        self._late: list[tuple[PartKind, str]] = []  # said while the live call was open
        self._finish: str | None = None
        self._usage: wire.Usage | None = None
        self.done = False

    @property
    def finished(self) -> bool:
        return self._finish is not None

    def chunk(self, chunk: wire.Completion) -> list[Event]:
        if self.done:
            return []
        if chunk.error is not None:
            return self.fail(problem_of(502, chunk.error))
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Start(chunk.model or ""))
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            if choice.index == 0:
                answer = choice.delta or choice.message
                if answer is not None:
                    self._answer(answer, events)
                self._finish = choice.finish_reason or self._finish
        return events

    def end(self) -> list[Event]:
        """The upstream says that it is done."""
        if self.done:
            return []
        self.done = True
        events: list[Event] = [] if self._started else [Start()]
        self._turn(None, events)
        for kind, text in self._late:
            self._say(kind, text, events)
        self._turn(None, events)
        for index, call in self._calls.items():
            if index != self._live:
                events += (PartStart("tool_call", call.name, call.id), PartDelta("".join(call.texts)), PartEnd())
        reason = FINISH_IN.get(self._finish or "stop", "stop")
        if self._calls and reason == "stop":
            reason = "tool_calls"
        events.append(Finish(reason, _usage(self._usage)))
        return events

    def fail(self, problem: Problem) -> list[Event]:
        if self.done:
            return []
        self.done = True
        events: list[Event] = []
        if self._open != "tool_call":  # a cut call is never completed
            self._turn(None, events)
        return [*events, Failure(problem)]

    def _answer(self, answer: wire.Answer, events: list[Event]) -> None:
        thought = answer.reasoning_content or answer.reasoning
        if thought:
            self._say("reasoning", thought, events)
        text = answer.content or answer.refusal
        if text:
            self._say("text", text, events)
        for position, delta in enumerate(answer.tool_calls or ()):
            # In a whole answer the calls have no index: their position is it.
            self._call(position if delta.index is None else delta.index, delta, events)
        if answer.function_call is not None:
            self._call(0, wire.DeltaCall(function=answer.function_call), events)

    def _call(self, index: int, delta: wire.DeltaCall, events: list[Event]) -> None:
        call = self._calls.setdefault(index, _Call())
        function = delta.function or wire.FunctionCall()
        call.id = call.id or delta.id or ""
        call.name = call.name or function.name
        arguments = function.arguments
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode() if arguments else ""
        if self._live is None and call.name:
            self._live = index
            self._turn("tool_call", events, call.name, call.id)
            text = "".join([*call.texts, text])
        if index != self._live:
            call.texts.append(text)
        elif text:
            events.append(PartDelta(text))

    def _say(self, kind: PartKind, text: str, events: list[Event]) -> None:
        if self._open == "tool_call":
            self._late.append((kind, text))
            return
        self._turn(kind, events)
        events.append(PartDelta(text))

    def _turn(self, kind: PartKind | None, events: list[Event], name: str = "", call_id: str = "") -> None:
        if self._open == kind:
            return
        if self._open is not None:
            events.append(PartEnd())
        if kind is not None:
            events.append(PartStart(kind, name, call_id))
        self._open = kind


class Decoder:
    """Bytes cut anywhere to events (`core.codec.StreamDecoder`)."""

    def __init__(self, reader: AnswerReader) -> None:
        self._frames = sse.Reader()
        self._reader = reader

    def feed(self, chunk: bytes) -> list[Event]:
        events: list[Event] = []
        try:
            for _, data in self._frames.feed(chunk):
                events += self._reader.end() if data == b"[DONE]" else self._reader.chunk(_decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            events += self._reader.fail(_unreadable(error, chunk))
        return events

    def close(self, problem: Problem | None = None) -> list[Event]:
        return self._reader.end() if self._reader.finished else self._reader.fail(problem or _CUT)


def decode(body: bytes, reader: AnswerReader) -> list[Event]:
    """A whole answer as events."""
    try:
        completion = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return reader.fail(_unreadable(error, body))
    if completion.choices is None and completion.error is None:
        return reader.fail(_unreadable("an answer without choices", body))
    return [*reader.chunk(completion), *reader.end()]


def _unreadable(why: object, data: bytes) -> Problem:
    message = "The upstream sent an answer that cannot be read."
    return Problem(Kind.UPSTREAM_FAILED, message, code="upstream_unreadable", detail=f"{why}: {data[:300]!r}")


def _usage(usage: wire.Usage | None) -> Usage:
    if usage is None:
        return Usage(estimated=True)
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    thought = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else None
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached or 0, thought or 0)
