"""The stream of GigaChat v1: SSE frames without event names, ended by `[DONE]` (gigachat-api.md section 4.9).

role and text, text ..., call (with the finish, or before it), finish with usage, [DONE]
"""

from typing import Any, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.messages import Opaque, ToolCall
from gigamost.framing import sse
from gigamost.protocols.gigachat.problems import encode_error
from gigamost.protocols.gigachat.v1.response import call_of, kept_in, picture_tag, usage_of
from gigamost.protocols.gigachat.vocabulary import FINISH_OUT


class Encoder:
    """Events to frames: the emulator's half. `split_finish`: the call in a chunk before the finish, or in the same.

    Which of the two the real API does is not recorded, so a client must read both.
    """

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, *, split_finish: bool) -> None:
        self._stamp = stamp
        self._split = split_finish
        self._first = True
        self._open: PartKind | None = None
        self._name = ""
        self._opaque: Opaque | None = None
        self._texts: list[str] = []
        self._call: dict[str, Any] = {}

    def feed(self, event: Event) -> bytes:
        match event:
            case Start():
                return b""
            case PartStart(kind=kind, name=name, opaque=opaque):
                self._open, self._name, self._opaque, self._texts = kind, name, opaque, []
                return b""
            case PartDelta(text=text):
                return self._delta(text)
            case PartEnd(media=media):
                if self._open == "tool_call":
                    self._call = call_of(ToolCall("", self._name, "".join(self._texts), self._opaque))
                    return self._frame({"content": "", **self._call}) if self._split else b""
                return b"".join(self._frame({"content": picture_tag(item)}) for item in media)
            case Finish(reason=reason, usage=usage, thread=thread):
                call = {} if self._split else self._call
                end = {"finish_reason": FINISH_OUT[reason]}
                last = self._frame({"content": "", **call}, end, {"usage": usage_of(usage), **kept_in(thread)})
                return last + sse.encode(b"[DONE]")
            case Failure(problem=problem):
                return sse.encode(encode_error(problem.status, problem.message).rstrip())
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return b""

    def _delta(self, text: str) -> bytes:
        match self._open:
            case "tool_call":
                self._texts.append(text)
                return b""
            case "reasoning":
                return self._frame({"content": "", "reasoning_content": text})
            case "builtin":
                progress = {"content": text, "role": "function_in_progress", "name": self._name}
                return self._frame({**progress, "created": self._stamp.created})
            case _:
                return self._frame({"content": text})

    def _frame(
        self, delta: dict[str, Any], end: dict[str, Any] | None = None, tail: dict[str, Any] | None = None
    ) -> bytes:
        if self._first and "role" not in delta:
            delta = {"content": delta["content"], "role": "assistant", **delta}
            self._first = False
        frame = {
            "choices": [{"delta": delta, "index": 0, **(end or {})}],
            "created": self._stamp.created,
            "model": self._stamp.model,
            "object": "chat.completion",
            **(tail or {}),
        }
        return sse.encode(msgspec.json.encode(frame))
