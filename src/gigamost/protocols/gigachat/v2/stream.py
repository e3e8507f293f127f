"""The stream of GigaChat v2: SSE frames with event names, without `[DONE]` (gigachat-api.md section 5.5).

    ( response.tool.in_progress+ response.tool.completed )*  response.message.delta*  response.message.done

Calls come in the last frame. A failure is a frame `response.error`, and nothing after it.
"""

from typing import Any, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.messages import Opaque, ToolCall
from gigamost.framing import sse
from gigamost.protocols.gigachat.problems import encode_error
from gigamost.protocols.gigachat.v2.reading import DELTA, DONE, ERROR, WORKED, WORKING
from gigamost.protocols.gigachat.v2.response import (
    call_of,
    files_of,
    head_of,
    kept_in,
    message_of,
    progress_of,
    result_of,
    sources_of,
    state_of,
    usage_of,
)
from gigamost.protocols.gigachat.vocabulary import FINISH_OUT


class Encoder:
    """Events to frames: the emulator's half."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp) -> None:
        self._head = head_of(stamp)
        self._open: PartKind | None = None
        self._name = ""
        self._id = ""
        self._opaque: Opaque | None = None
        self._texts: list[str] = []
        self._calls: list[ToolCall] = []

    def feed(self, event: Event) -> bytes:
        match event:
            case Start():
                return b""
            case PartStart(kind=kind, name=name, id=call_id, opaque=opaque):
                self._open, self._name, self._id, self._opaque, self._texts = kind, name, call_id, opaque, []
                return self._say(WORKING, progress_of(name, "")) if kind == "builtin" else b""
            case PartDelta(text=text):
                return self._delta(text)
            case PartEnd():
                return self._end(event)
            case Finish(reason=reason, usage=usage, thread=thread):
                content = [call_of(call) for call in self._calls]
                said = {"messages": [message_of("assistant", content, state_of(self._calls))]} if content else {}
                end = {"finish_reason": FINISH_OUT[reason], "usage": usage_of(usage)}
                return self._frame(DONE, {**said, **end, **kept_in(thread)})
            case Failure(problem=problem):
                return sse.encode(encode_error(problem.status, problem.message).rstrip(), ERROR)
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return b""

    def _delta(self, text: str) -> bytes:
        match self._open:
            case "tool_call":
                self._texts.append(text)
                return b""
            case "builtin":
                part = progress_of(self._name, text)
                return self._say(WORKING, part) if "seconds_left" in part["tool_execution"] else b""
            case "reasoning":
                return self._say(DELTA, {"text": text}, role="reasoning")
            case _:
                return self._say(DELTA, {"text": text})

    def _end(self, event: PartEnd) -> bytes:
        match self._open:
            case "tool_call":
                opaque = event.opaque or self._opaque
                self._calls.append(ToolCall(self._id, self._name, "".join(self._texts), opaque))
                return b""
            case "builtin":
                worked = self._say(WORKED, result_of(self._name, is_failed=event.is_failed))
                return worked + (self._say(DELTA, files_of(event.media)) if event.media else b"")
            case "media":
                return self._say(DELTA, files_of(event.media)) if event.media else b""
            case _:
                sources = sources_of(event.citations)
                return self._say(DELTA, {"text": "", **sources}) if sources else b""

    def _say(self, name: str, part: dict[str, Any], role: str = "assistant") -> bytes:
        return self._frame(name, {"messages": [message_of(role, [part])]})

    def _frame(self, name: str, said: dict[str, Any]) -> bytes:
        return sse.encode(msgspec.json.encode({**self._head, **said}), name)
