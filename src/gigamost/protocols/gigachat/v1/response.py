"""An answer of GigaChat v1 as events, and a whole reply as an answer.

`AnswerReader` reads `message` of a whole answer and `delta` of a stream alike: a whole answer is a stream of one frame.

    content, reasoning --> text and reasoning parts, as they come
    function_call      --> held until the answer finishes: it may come in one chunk, in several, or with the finish
    finish_reason      --> Finish, or Failure for `error`
"""

from typing import Any

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply
from gigamost.core.messages import Media, Opaque, Reasoning, Text, ToolCall
from gigamost.core.usage import Usage
from gigamost.protocols.gigachat.functions.arguments import from_object
from gigamost.protocols.gigachat.functions.names import Names
from gigamost.protocols.gigachat.parts import Parts
from gigamost.protocols.gigachat.problems import BROKEN_CALL, problem_of, unreadable
from gigamost.protocols.gigachat.v1 import wire
from gigamost.protocols.gigachat.vocabulary import BROKEN, FINISH, FINISH_OUT, ORIGIN

_decode = msgspec.json.Decoder(wire.Completion).decode


class AnswerReader:
    """Feed frames, get events. `structured` is the function whose arguments are the answer's text, if any."""

    def __init__(self, names: Names, structured: str | None = None) -> None:
        self._names = names
        self._structured = structured
        self._parts = Parts()
        self._started = False
        self._call_name = ""
        self._call_texts: list[str] = []
        self._call_object: dict[str, Any] = {}
        self._state_id: str | None = None
        self._finish: str | None = None
        self._usage: wire.Usage | None = None
        self._thread = ""
        self.done = False

    def read(self, event: str, data: bytes) -> list[Event]:
        """A frame of a stream; v1 does not name its events. Raises msgspec.DecodeError."""
        return self.end() if data == b"[DONE]" else self.frame(_decode(data))

    def frame(self, frame: wire.Completion) -> list[Event]:
        if self.done:
            return []
        if frame.choices is None and frame.status is not None:
            return self.fail(problem_of(frame.status, frame.message or ""))
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Start(frame.model or ""))
        if frame.thread_id is not None:
            self._thread = frame.thread_id
        if frame.usage is not None:
            self._usage = frame.usage
        if frame.choices:
            choice = frame.choices[0]
            answer = choice.delta or choice.message
            if answer is not None:
                self._answer(answer, events)
            self._finish = choice.finish_reason or self._finish
        if self._finish is not None and self._usage is not None:
            self._end(events)
        return events

    def end(self) -> list[Event]:
        """The upstream says that it is done. Usage may have stayed away; a finish reason too, on old servers."""
        if self.done:
            return []
        events: list[Event] = [] if self._started else [Start()]
        self._end(events)
        return events

    @property
    def finished(self) -> bool:
        """Whether the finish reason has come: what is cut after it was whole."""
        return self._finish is not None

    def fail(self, problem: Problem) -> list[Event]:
        """The answer broke off: the open text is closed, a call in hand is never completed."""
        if self.done:
            return []
        self.done = True
        events: list[Event] = []
        if self._started:
            self._parts.cut(events)
        events.append(Failure(problem))
        return events

    def _answer(self, answer: wire.Answer, events: list[Event]) -> None:
        if answer.role == "function_in_progress":
            self._parts.builtin(answer.name or "", answer.content or "", events)
            return
        if answer.reasoning_content:
            self._parts.thought(answer.reasoning_content, events)
        if answer.content:
            self._parts.text(answer.content, events)
        if answer.functions_state_id:
            self._state_id = answer.functions_state_id
        call = answer.function_call
        if call is not None:
            self._call_name = self._call_name or call.name or ""
            if isinstance(call.arguments, str):
                self._call_texts.append(call.arguments)
            elif isinstance(call.arguments, dict):
                self._call_object |= call.arguments

    def _end(self, events: list[Event]) -> None:
        self.done = True
        name, arguments = self._call_name, self._arguments() if self._call_name else ""
        leaked = self._parts.close(events, expects_call=not name)
        if leaked is not None:
            name, arguments = leaked
        if self._finish in BROKEN:
            events.append(Failure(BROKEN_CALL))
            return
        reason = FINISH.get(self._finish or "stop", "stop")
        if name and name == self._structured:
            events += (PartStart("text"), PartDelta(arguments), PartEnd())
            reason = "stop" if reason == "tool_calls" else reason
        elif name:
            opaque = Opaque(ORIGIN, self._state_id) if self._state_id else None
            self._parts.call(self._names.client(name), arguments, opaque, events)
            reason = "tool_calls" if reason == "stop" else reason
        elif reason == "tool_calls":
            reason = "stop"  # a call without a name is text (quirk 24)
        events.append(Finish(reason, _usage(self._usage), thread=self._thread))

    def _arguments(self) -> str:
        if self._call_texts:
            return from_object("".join(self._call_texts))
        return from_object(self._call_object)


def _usage(usage: wire.Usage | None) -> Usage:
    if usage is None:
        return Usage(estimated=True)
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.precached_prompt_tokens)


def decode(body: bytes, reader: AnswerReader) -> list[Event]:
    """A whole answer. What is not an answer of GigaChat is a Failure, never a success."""
    try:
        frame = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return reader.fail(unreadable(error, body))
    if frame.choices is None and frame.status is None:
        return reader.fail(unreadable("an answer without choices", body))
    return [*reader.frame(frame), *reader.end()]


def encode(reply: Reply, stamp: Stamp) -> bytes:
    """The body of a whole answer, keys in the recorded order. The emulator's half."""
    return msgspec.json.encode(
        {
            "choices": [{"message": answer_of(reply), "index": 0, "finish_reason": FINISH_OUT[reply.finish]}],
            "created": stamp.created,
            "model": stamp.model,
            "object": "chat.completion",
            "usage": usage_of(reply.usage),
        }
        | kept_in(reply.thread)
    )


def kept_in(thread: str) -> dict[str, str]:
    """The id of the conversation that GigaChat keeps; there only with `storage` in the request."""
    return {"thread_id": thread} if thread else {}


def answer_of(reply: Reply) -> dict[str, Any]:
    """`message` of a whole answer. v1 has one call: the first."""
    shown = "".join(_shown(part) for part in reply.parts)
    answer: dict[str, Any] = {"content": shown, "role": "assistant"}
    if reply.calls:
        answer |= call_of(reply.calls[0])
    thoughts = "".join(part.text for part in reply.parts if isinstance(part, Reasoning))
    if thoughts:
        answer["reasoning_content"] = thoughts
    return answer


def call_of(call: ToolCall) -> dict[str, Any]:
    said: dict[str, Any] = {
        "function_call": {"name": call.name, "arguments": msgspec.json.decode(call.arguments or "{}")}
    }
    if call.opaque is not None:
        said["functions_state_id"] = call.opaque.token
    return said


def _shown(part: object) -> str:
    match part:
        case Text(text=text):
            return text
        case Media():
            return picture_tag(part)
        case _:
            return ""


def picture_tag(media: Media) -> str:
    """How a generated picture stands in the text. [docs example]"""
    return f'<img src="{getattr(media.source, "id", "")}" fuse="true"/>'


def usage_of(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "precached_prompt_tokens": usage.cached_tokens,
    }
