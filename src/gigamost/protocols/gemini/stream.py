"""The stream of `streamGenerateContent`: server-sent events with `?alt=sse`, else one JSON array.

writing:  ( text | thought | media )*, ( calls and ) finish
          a Failure is an element `{"error": {...}}` and the end; a broken array is never closed

Calls wait for the finish and go out in one chunk with it, as Gemini sends them. Neither `[DONE]` nor comments: Google's
own clients break on both.
"""

from typing import assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.gemini.errors import body_of
from gigamost.protocols.gemini.response import (
    FINISH,
    MALFORMED,
    Form,
    Grounding,
    JsonPart,
    builtin_parts,
    call_part,
    closing,
    head,
    media_part,
    unwrapped,
)

_json = msgspec.json.Encoder().encode
_TEXT = b'{"candidates":[{"content":{"parts":[{"text":%b}],"role":"model"},"index":0}],'
_PARTS = b'{"candidates":[{"content":{"parts":%b,"role":"model"},"index":0}],'


class Encoder:
    def __init__(self, stamp: Stamp, form: Form, *, is_sse: bool) -> None:
        self._form = form
        self._is_sse = is_sse
        self._head = head(stamp)
        self._tail = _json(self._head)[1:]  # what stands after the candidates never changes
        self._open = PartStart("text")
        self._texts: list[str] = []  # of the open part
        self._calls: list[JsonPart] = []
        self._grounding = Grounding()
        self._bytes = 0  # of the texts that are whole
        self._is_malformed = False
        self._is_first = True

    @property
    def content_type(self) -> str:
        return "text/event-stream" if self._is_sse else "application/json"

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case PartStart():
                self._open, self._texts = event, []
                return self._flush() if event.kind != "tool_call" else b""
            case PartEnd():
                return self._end(event)
            case Finish(reason=reason, usage=usage):
                return self._finish(MALFORMED if self._is_malformed else FINISH[reason], usage)
            case Start():
                return b""
            case Failure(problem=problem):
                return self._framed(_json(body_of(problem)))
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return b""

    def _delta(self, text: str) -> bytes:
        kind = self._open.kind
        if kind == "reasoning":
            return self._chunk([{"text": text, "thought": True}]) if self._form.include_thoughts else b""
        self._texts.append(text)
        if kind == "text" and not self._form.unwrap and text:
            return self._text(text)
        return b""

    def _end(self, event: PartEnd) -> bytes:
        opened, text = self._open, "".join(self._texts)
        match opened.kind:
            case "text":
                shown = unwrapped(text, self._form.unwrap)
                self._grounding.add(shown, event.citations, offset=self._bytes)
                self._bytes += len(shown.encode())
                return self._text(shown) if self._form.unwrap and shown else b""
            case "tool_call":
                call = call_part(opened.id, opened.name, text)
                if call is None:
                    self._is_malformed = True
                else:
                    self._calls.append(call)
                return b""
            case "builtin":
                parts = builtin_parts(opened.name, text, is_failed=event.is_failed)
                return self._chunk([*parts, *map(media_part, event.media)])
            case "media":
                return self._chunk([media_part(media) for media in event.media])
            case "reasoning":
                return b""
            case _:
                assert_never(opened.kind)

    def _finish(self, finish: str, usage: Usage) -> bytes:
        last = closing(self._calls, finish, usage, self._grounding, is_first=self._is_first) | self._head
        return self._framed(_json(last)) + (b"" if self._is_sse else b"]")

    def _flush(self) -> bytes:
        calls, self._calls = self._calls, []
        return self._chunk(calls)

    def _text(self, text: str) -> bytes:
        return self._framed(_TEXT % _json(text) + self._tail)

    def _chunk(self, parts: list[JsonPart]) -> bytes:
        if not parts:
            return b""
        return self._framed(_PARTS % _json(parts) + self._tail)

    def _framed(self, data: bytes) -> bytes:
        before, self._is_first = (b"[" if self._is_first else b",\r\n"), False
        return sse.encode(data) if self._is_sse else before + data
