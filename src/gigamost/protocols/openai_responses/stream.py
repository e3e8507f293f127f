"""The stream of a response: events with a sequence number, as server-sent events.

writing:  created, in_progress, item*, ( completed | incomplete | failed ), [DONE]
item:     output_item.added, deltas and progress, what is done of its content, output_item.done

An item that is whole is closed when what comes next is known: only the end says whether the last one is complete, and a
picture may follow its generation. A tool call that a failure cuts is never closed.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import Problem
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start
from gigamost.core.fold import Fold
from gigamost.core.messages import BuiltinCall, Media, Text, ToolCall
from gigamost.framing import sse
from gigamost.protocols.openai_responses import frames
from gigamost.protocols.openai_responses.native import NATIVE
from gigamost.protocols.openai_responses.output import BUILTIN_ITEMS, Drawn, Form, Items, Status, output_text, takes
from gigamost.protocols.openai_responses.response import Outcome, Responses, outcome_of

JsonObject = dict[str, Any]

_DONE: Final = sse.encode(b"[DONE]")
_KEEPALIVE: Final = sse.comment("keep-alive")


class Encoder:
    """Events to the response's events (`core.codec.StreamEncoder`). `ended` says the unix second of the end."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, form: Form, ended: Callable[[], int]) -> None:
        self._form = form
        self._items = Items(stamp, form)
        self._responses = Responses(stamp, form)
        self._ended = ended
        self._fold = Fold()
        self._number = 0
        self._phase: Literal["idle", "going", "done"] = "idle"
        self._open: PartKind | None = None
        self._output: list[JsonObject] = []  # the items that are closed
        self._opened: JsonObject | None = None  # the item that was announced and is not closed
        self._closing: Drawn | None = None  # what is whole and not closed
        self._texts: list[str] = []  # of the open part
        self._seen = 0  # how many parts of the answer are whole
        self._head = b""  # of the next delta, while an item is open that has any

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._delta(text)
            case _ if self._phase == "done":
                return b""
            case PartStart():
                self._open = event.kind
                self._fold.feed(event)
                return self._start(event)
            case PartEnd():
                return self._part_end(event)
            case Start():
                return self._begin()
            case Finish(reason=reason, usage=usage):
                status = outcome_of(reason)
                closed = self._close(status)
                response = self._responses.whole(reason, self._output, usage, self._ended())
                return closed + self._end(status, response)
            case Failure(problem=problem):
                return self._fail(problem)
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return _KEEPALIVE

    def _begin(self) -> bytes:
        self._phase = "going"
        begun = self._responses.begun()
        return self._lifecycle("created", begun) + self._lifecycle("in_progress", begun)

    def _fail(self, problem: Problem) -> bytes:
        data = self._begin() if self._phase == "idle" else b""
        if self._open in ("text", "reasoning"):
            # The gateway itself broke inside a part: no upstream ends an answer like this.
            data += self.feed(PartEnd())
        is_text = self._closing is not None and isinstance(self._closing[0], Text)
        data += self._close("incomplete" if is_text else "completed")
        return data + self._end("failed", self._responses.failed(problem, self._output))

    def _start(self, part: PartStart) -> bytes:
        """Announces what is announced before anything of it is there."""
        if part.kind == "tool_call":
            shown = self._form.shown.get(part.name)
            if shown is None or shown.kind not in NATIVE:
                call = ToolCall(part.id, part.name, "")
                return self._close("completed") + self._announce(self._items.call(self._at, "in_progress", call))
        elif part.kind == "builtin" and part.name in BUILTIN_ITEMS:
            return self._close("completed") + self._announce_builtin(BuiltinCall(part.name, part.id))
        return b""

    def _delta(self, text: str) -> bytes:
        self._texts.append(text)
        if not text:
            return b""
        if self._head and self._closing is None:  # the usual delta
            return self._more(text)
        item: Callable[[int], JsonObject]
        match self._open:
            case "text" if not self._form.compacts:
                item = self._items.message
            case "reasoning":
                item = self._items.reasoning
            case _:
                return b""  # nothing is shown before it is whole
        return self._close("completed") + self._announce(item(self._at), has_text=True) + self._more(text)

    def _part_end(self, end: PartEnd) -> bytes:
        self._open = None
        self._fold.feed(PartDelta("".join(self._texts)))
        self._fold.feed(end)
        self._texts = []
        data = b""
        for part in self._fold.parts[self._seen :]:
            if isinstance(part, Media) and self._closing is not None and takes(self._closing, part):
                self._closing = self._closing[0], part
            else:
                data += self._close("completed")
                self._closing = part, None
        self._seen = len(self._fold.parts)
        return data + self._close("completed") if self._is_settled() else data

    def _is_settled(self) -> bool:
        """Whether nothing that may follow changes what is whole: a client should not wait to see a search succeed."""
        call, picture = self._closing or (None, None)
        if not isinstance(call, BuiltinCall):
            return False
        return call.kind != "image_generation" or call.is_failed or picture is not None

    @property
    def _at(self) -> int:
        return len(self._output)

    def _announce_builtin(self, call: BuiltinCall) -> bytes:
        item = self._items.builtin(self._at, "in_progress", call)
        return self._announce(item) if item is not None else b""

    def _announce(self, item: JsonObject, *, has_text: bool = False) -> bytes:
        self._opened = item
        place = {"item_id": item["id"], "output_index": self._at}
        data = self._event("output_item.added", {"output_index": self._at, "item": item})
        self._head = b""
        match item["type"]:
            case "message":
                place["content_index"] = 0
                data += self._event("content_part.added", {**place, "part": output_text("")})
                self._head = frames.head("output_text.delta", {**place, "logprobs": []})
            case "reasoning" if has_text and self._form.summarises:
                place["summary_index"] = 0
                data += self._event("reasoning_summary_part.added", {**place, "part": frames.summary("")})
                self._head = frames.head("reasoning_summary_text.delta", place)
            case "reasoning" if has_text:
                place["content_index"] = 0
                data += self._event("content_part.added", {**place, "part": frames.thought("")})
                self._head = frames.head("reasoning_text.delta", place)
            case "function_call":
                self._head = frames.head("function_call_arguments.delta", place)
            case kind if kind in frames.WORKING:
                data += self._event(f"{kind}.in_progress", place) + self._event(f"{kind}.{frames.WORKING[kind]}", place)
            case _:
                pass  # there is nothing of it before it is whole
        return data

    def _more(self, text: str) -> bytes:
        self._number += 1
        return frames.delta(self._head, text, self._number - 1)

    def _close(self, status: Status) -> bytes:
        """Closes what is whole, announced or not."""
        if self._closing is None:
            return b""
        (part, picture), self._closing = self._closing, None
        item = self._items.whole(part, picture, self._at, status)
        if item is None:
            return b""
        data = b"" if self._opened is not None else self._announce_whole(item)
        place = {"item_id": item["id"], "output_index": self._at}
        for name, fields in frames.endings(item):
            data += self._event(name, {**place, **fields})
        data += self._event("output_item.done", {"output_index": self._at, "item": item})
        self._output.append(item)
        self._opened, self._head = None, b""
        return data

    def _announce_whole(self, item: JsonObject) -> bytes:
        """What could not be announced before it was whole."""
        match item["type"]:
            case "message":
                announced = self._announce(self._items.message(self._at))
                return announced + self._more(item["content"][0]["text"])
            case "image_generation_call":
                return self._announce_builtin(BuiltinCall("image_generation"))
            case "reasoning" | "compaction":
                return self._announce(item)
            case _:
                return self._announce({**item, "status": "in_progress"})

    def _end(self, outcome: Outcome, response: bytes) -> bytes:
        self._phase, self._head = "done", b""
        return self._lifecycle(outcome, response) + _DONE

    def _lifecycle(self, name: str, response: bytes) -> bytes:
        return self._event(name, {"response": msgspec.Raw(response)})

    def _event(self, name: str, fields: JsonObject) -> bytes:
        self._number += 1
        return frames.event(name, fields, self._number - 1)
