"""The stream of Messages: named server-sent events.

writing:  message_start ping ( block )* message_delta message_stop
block  =  content_block_start content_block_delta* content_block_stop
          a Failure is `error` and the end; the block of a tool call that it cuts is never stopped
"""

from typing import Any, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.estimate import input_tokens
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart, Start
from gigamost.core.request import ChatRequest, JsonObject
from gigamost.core.usage import Usage
from gigamost.protocols.anthropic_messages.errors import body_of
from gigamost.protocols.anthropic_messages.response import (
    SERVER_TOOLS,
    SIGNATURE,
    Form,
    cite,
    head_of,
    server_tool_id,
    server_tool_result,
    server_tool_use,
    shown_media,
    stop_of,
    tool_use,
    usage_of,
)

_json = msgspec.json.Encoder().encode
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
# A piece of text is the usual event of a stream, so it is made without a detour.
_TEXT = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
    b'"delta":{"type":"text_delta","text":%b}}\n\n'
)


class Encoder:
    """Events to blocks, one for each part that this protocol can show; a built-in tool has a second one, its result."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, form: Form, request: ChatRequest) -> None:
        self._stamp = stamp
        self._form = form
        self._request = request
        self._opened: PartStart | None = None
        self._index = -1
        self._part = -1
        self._texts: list[str] = []  # of the open part, where its end needs them
        self._tools: list[str] = []

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case PartStart():
                self._opened, self._texts = event, []
                self._part += 1
                return self._begin(event)
            case PartEnd():
                opened, self._opened = self._opened, None
                return self._end(opened, event) if opened is not None else b""
            case Finish(reason=reason, usage=usage, stop_sequence=stop_sequence):
                delta = {"delta": stop_of(reason, stop_sequence), "usage": usage_of(usage, self._tools)}
                return frame("message_delta", **delta) + frame("message_stop")
            case Start(input_tokens=known):
                tokens = known if known is not None else input_tokens(self._request)
                message = head_of(self._stamp) | {"stop_reason": None, "stop_sequence": None}
                return frame("message_start", message=message | {"usage": usage_of(Usage(tokens))}) + _PING
            case Failure(problem=problem):
                return frame("error", **body_of(problem))
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return _PING

    def _begin(self, opened: PartStart) -> bytes:
        match opened.kind:
            case "text":
                return self._block({"type": "text", "text": ""})
            case "reasoning" if self._form.thinking != "hidden":
                return self._block({"type": "thinking", "thinking": "", "signature": ""})
            case "tool_call":
                return self._block(tool_use(opened.id, opened.name, self._form) | {"input": {}})
            case "builtin":
                self._tools.append(opened.name)
                name = SERVER_TOOLS.get(opened.name)
                return self._block(server_tool_use(self._tool_id(opened), name)) if name is not None else b""
            case "media" | "reasoning":
                return b""
            case _:
                assert_never(opened.kind)

    def _delta(self, text: str) -> bytes:
        match self._opened:
            case PartStart(kind="text"):
                self._texts.append(text)
                return _TEXT % (self._index, _json(text))
            case PartStart(kind="tool_call"):
                return self._change({"type": "input_json_delta", "partial_json": text})
            case PartStart(kind="reasoning") if self._form.thinking == "shown":
                return self._change({"type": "thinking_delta", "thinking": text})
            case PartStart(kind="builtin"):
                self._texts.append(text)
                return b""
            case _:
                return b""

    def _end(self, opened: PartStart, end: PartEnd) -> bytes:
        text = "".join(self._texts) if end.citations or opened.kind == "builtin" else ""
        pictures = b"".join(self._whole_text(shown_media(media)) for media in end.media)
        match opened.kind:
            case "text":
                cited = (self._change({"type": "citations_delta", "citation": cite(c, text)}) for c in end.citations)
                return b"".join(cited) + self._stop()
            case "reasoning":
                if self._form.thinking == "hidden":
                    return b""
                return self._change({"type": "signature_delta", "signature": SIGNATURE}) + self._stop()
            case "tool_call":
                return self._stop()
            case "builtin":
                return self._result(opened, text, is_failed=end.is_failed) + pictures
            case "media":
                return pictures
            case _:
                assert_never(opened.kind)

    def _result(self, opened: PartStart, log: str, *, is_failed: bool) -> bytes:
        name = SERVER_TOOLS.get(opened.name)
        if name is None:
            return b""
        result = server_tool_result(self._tool_id(opened), name, log, is_failed=is_failed)
        return self._stop() + self._block(result) + self._stop()

    def _tool_id(self, opened: PartStart) -> str:
        return server_tool_id(opened.id, self._stamp, self._part)

    def _whole_text(self, text: str) -> bytes:
        return self._block({"type": "text", "text": ""}) + _TEXT % (self._index, _json(text)) + self._stop()

    def _block(self, block: JsonObject) -> bytes:
        self._index += 1
        return frame("content_block_start", index=self._index, content_block=block)

    def _change(self, delta: JsonObject) -> bytes:
        return frame("content_block_delta", index=self._index, delta=delta)

    def _stop(self) -> bytes:
        return frame("content_block_stop", index=self._index)


def frame(event: str, **fields: Any) -> bytes:
    """One event of a stream, whose name stands in its data as well."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _json({"type": event, **fields}))
