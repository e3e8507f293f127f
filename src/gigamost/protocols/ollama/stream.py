"""The stream of `/api/chat` and `/api/generate`: a JSON object per line.

writing:  ( text | thoughts | call )*, done        a call is one line, when it is whole
          a Failure is `{"error": "..."}` and the end
"""

from typing import assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.instant import SECOND
from gigamost.core.messages import ToolCall
from gigamost.framing import ndjson
from gigamost.protocols.ollama.errors import body_of
from gigamost.protocols.ollama.response import JsonObject, Said, call_of, done, head_of, shown

_json = msgspec.json.Encoder().encode


class Encoder:
    """Events to lines. There are no keep-alives: every line is an answer to Ollama's clients."""

    content_type = ndjson.CONTENT_TYPE

    def __init__(self, stamp: Stamp, said: Said) -> None:
        self._stamp = stamp
        self._said = said
        self._began = stamp.created * SECOND - stamp.elapsed()
        self._first = 0  # nanoseconds from the request to the first piece
        self._opened: PartStart | None = None
        self._arguments: list[str] = []
        self._calls = 0

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case PartStart():
                self._opened, self._arguments = event, []
                return b""
            case PartEnd(media=media):
                return self._call() + b"".join(self._piece(self._said(shown(item), "", ())) for item in media)
            case Finish(reason=reason, usage=usage):
                total = self._stamp.elapsed()
                end = done(reason, usage, prompt=self._first or total, total=total)
                return self._line(self._said("", "", ()) | end)
            case Failure(problem=problem):
                return ndjson.encode(_json(body_of(problem)))
            case Start():
                return b""
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return b""

    def _delta(self, text: str) -> bytes:
        match self._opened.kind if self._opened is not None else None:
            case "text":
                return self._piece(self._said(text, "", ()))
            case "reasoning":
                return self._piece(self._said("", text, ()))
            case "tool_call":
                self._arguments.append(text)
                return b""
            case _:
                return b""  # progress of a built-in tool has no place in this protocol

    def _call(self) -> bytes:
        opened, self._opened = self._opened, None
        if opened is None or opened.kind != "tool_call":
            return b""
        call = call_of(ToolCall(opened.id, opened.name, "".join(self._arguments)), self._calls)
        self._calls += 1
        return self._piece(self._said("", "", (call,)))

    def _piece(self, said: JsonObject) -> bytes:
        self._first = self._first or self._stamp.elapsed()
        return self._line(said | {"done": False})

    def _line(self, said: JsonObject) -> bytes:
        now = self._began + self._stamp.elapsed()
        return ndjson.encode(_json(head_of(self._stamp.model, now) | said))
