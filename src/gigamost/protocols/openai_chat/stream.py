"""The stream of Chat Completions: chunks as server-sent events.

writing:  role, ( text | reasoning | call )*, finish [, usage], [DONE]
          a Failure is `data: {"error": {...}}` and the end, without [DONE]
"""

from typing import Any, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.openai_chat.errors import body_of
from gigamost.protocols.openai_chat.response import FINISH, Form, annotations_of, custom_input, kept_in, shown, usage_of

_json = msgspec.json.Encoder().encode
_DONE = sse.encode(b"[DONE]")
_KEEPALIVE = sse.comment("keep-alive")


class Encoder:
    """Events to chunks. A delta never carries nulls; the first delta of a call has its index, id and name."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, form: Form) -> None:
        head = {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": stamp.model,
        }
        # A chunk is these bytes around its delta: the head of a stream never changes.
        self._head = b"data: " + _json(head)[:-1]
        self._form = form
        self._open: PartKind | None = None
        self._custom: list[str] | None = None
        self._index = -1
        self._length = 0  # characters of content sent
        self._begun = 0  # of them before the open part

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case PartStart(kind=kind, name=name, id=call_id):
                self._open, self._begun = kind, self._length
                return self._call_start(name, call_id) if kind == "tool_call" else b""
            case PartEnd():
                return self._end(event)
            case Finish(reason=reason, usage=usage, thread=thread):
                finish = FINISH[reason]
                if finish == "tool_calls" and self._form.legacy_functions:
                    finish = "function_call"
                return self._chunk({}, finish, kept_in(thread)) + self._usage(usage) + _DONE
            case Start():
                return self._chunk({"role": "assistant", "content": ""})
            case Failure(problem=problem):
                return self._failure(problem)
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return _KEEPALIVE

    def _delta(self, text: str) -> bytes:
        match self._open:
            case "text":
                self._length += len(text)
                choice = b',"choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}]}\n\n'
                return self._head + choice % _json(text)
            case "reasoning":
                return self._chunk({"reasoning_content": text})
            case "tool_call" if self._custom is not None:
                self._custom.append(text)
                return b""
            case "tool_call":
                return self._call_delta({"function": {"arguments": text}})
            case _:
                return b""  # progress of a built-in tool has no place in this protocol

    def _end(self, event: PartEnd) -> bytes:
        """A custom tool's input, a text's sources, a picture: what is told once its part is whole."""
        ended = self._custom_end() if self._custom is not None else b""
        if event.citations:
            ended += self._chunk({"content": "", "annotations": annotations_of(event.citations, self._begun)})
        for item in event.media:
            content = shown(item)
            self._length += len(content)
            ended += self._chunk({"content": content})
        return ended

    def _call_start(self, name: str, call_id: str) -> bytes:
        self._index += 1
        if name in self._form.customs:
            self._custom = []
            return self._call_delta({"id": call_id, "type": "custom", "custom": {"name": name, "input": ""}})
        return self._call_delta({"id": call_id, "type": "function", "function": {"name": name, "arguments": ""}})

    def _call_delta(self, delta: dict[str, Any]) -> bytes:
        if self._form.legacy_functions:
            return self._chunk({"function_call": delta["function"]})
        return self._chunk({"tool_calls": [{"index": self._index, **delta}]})

    def _custom_end(self) -> bytes:
        text = custom_input("".join(self._custom or ()))
        self._custom = None
        return self._call_delta({"custom": {"input": text}})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, more: dict[str, str] | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return self._head + b"," + _json({"choices": [choice], **(more or {})})[1:] + b"\n\n"

    def _usage(self, usage: Usage) -> bytes:
        if not self._form.include_usage:
            return b""
        return self._head + b',"choices":[],"usage":%b}\n\n' % _json(usage_of(usage))

    def _failure(self, problem: Problem) -> bytes:
        return sse.encode(_json(body_of(problem)))
