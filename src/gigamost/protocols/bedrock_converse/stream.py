"""The stream of Converse: events as messages of an AWS event stream.

writing:  messageStart, ( [contentBlockStart] contentBlockDelta* contentBlockStop )*, messageStop, metadata
          contentBlockStart belongs to tools and images only, as with Bedrock itself
          a Failure is an exception message and the end
"""

from typing import Any, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.messages import Media
from gigamost.framing.aws_event_stream import encode_headers, frame
from gigamost.protocols.bedrock_converse.errors import stream_exception
from gigamost.protocols.bedrock_converse.response import (
    Form,
    additional_fields,
    citation,
    image,
    metrics,
    shown,
    stop_reason,
    usage_of,
)

_json = msgspec.json.Encoder().encode
_TYPE = {":content-type": "application/json"}
_EVENTS = {
    name: encode_headers({":event-type": name, **_TYPE, ":message-type": "event"})
    for name in (
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    )
}
_DELTA = _EVENTS["contentBlockDelta"]


class Encoder:
    """Events to messages. A block that says nothing is not shown."""

    content_type = "application/vnd.amazon.eventstream"

    def __init__(self, stamp: Stamp, form: Form) -> None:
        self._stamp = stamp
        self._form = form
        self._open: PartKind | None = None
        self._index = 0
        self._shown = False  # whether the open block has been told of

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case PartStart(kind=kind, name=name, id=call_id):
                self._open, self._shown = kind, False
                if kind != "tool_call":
                    return b""
                return self._start({"toolUse": {"toolUseId": call_id, "name": name}})
            case PartEnd(media=media, citations=citations):
                told = b"".join(self._say({"citation": citation(each)}) for each in citations)
                return told + self._stop() + b"".join(map(self._media, media))
            case Start():
                return _event("messageStart", {"role": "assistant"})
            case Finish():
                return self._finish(event)
            case Failure(problem=problem):
                name, body = stream_exception(problem)
                return frame(encode_headers({":exception-type": name, **_TYPE, ":message-type": "exception"}), body)
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return b""  # an event stream has no message that means nothing

    def _delta(self, text: str) -> bytes:
        match self._open:
            case "text" if text:
                self._shown = True
                return frame(_DELTA, b'{"contentBlockIndex":%d,"delta":{"text":%b}}' % (self._index, _json(text)))
            case "reasoning" if text:
                return self._say({"reasoningContent": {"text": text}})
            case "tool_call":
                return self._say({"toolUse": {"input": text}})
            case _:
                return b""  # progress of a built-in tool has no place in this protocol

    def _media(self, media: Media) -> bytes:
        """A block of its own, also where a built-in tool made it."""
        picture = image(media)
        if picture is None:
            return self._say({"text": shown(media)}) + self._stop()
        return (
            self._start({"image": {"format": picture["format"]}})
            + self._say({"image": {"source": picture["source"]}})
            + self._stop()
        )

    def _finish(self, finish: Finish) -> bytes:
        stop: dict[str, Any] = {"stopReason": stop_reason(finish.reason, finish.stop_sequence)}
        more = additional_fields(self._form, finish.stop_sequence, finish.thread)
        if more:
            stop["additionalModelResponseFields"] = more
        told = {"usage": usage_of(finish.usage), "metrics": metrics(self._stamp)}
        return _event("messageStop", stop) + _event("metadata", told)

    def _start(self, start: dict[str, Any]) -> bytes:
        self._shown = True
        return _event("contentBlockStart", {"contentBlockIndex": self._index, "start": start})

    def _say(self, delta: dict[str, Any]) -> bytes:
        self._shown = True
        return _event("contentBlockDelta", {"contentBlockIndex": self._index, "delta": delta})

    def _stop(self) -> bytes:
        if not self._shown:
            return b""
        index, self._index, self._shown = self._index, self._index + 1, False
        return _event("contentBlockStop", {"contentBlockIndex": index})


def _event(name: str, payload: dict[str, Any]) -> bytes:
    return frame(_EVENTS[name], _json(payload))
