"""What the client asked for and the upstream cannot do, done on the events of an answer.

- `stop` cuts the text and ends the answer;
- a tool call is held until it is whole, its arguments are made to fit the client's own schema, and it gets its id;
- `parallel_tool_calls: false` keeps the first call;
- usage that the upstream did not give is estimated;
- a stream that has to fit a strict schema or an expression is checked at its end.
"""

import msgspec

from gigamost.core.errors import Kind, Problem
from gigamost.core.estimate import input_tokens, output_tokens
from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartStart
from gigamost.core.request import ChatRequest, JsonSchema, Regex
from gigamost.core.schema import coerce
from gigamost.core.usage import Usage
from gigamost.pipeline.context import Ids
from gigamost.pipeline.fitting import unfit, why_unfit
from gigamost.pipeline.stop import StopCutter


class Enforcer:
    """Feed batches of events of one answer. `stopped`: a stop sequence came, the upstream may be closed. `usage` is
    there once the answer has ended, well or not."""

    def __init__(self, request: ChatRequest, ids: Ids) -> None:
        self._request = request
        self._ids = ids
        self._cutter = StopCutter(request.stop) if request.stop else None
        self._opened: PartStart | None = None
        self._arguments: list[str] = []
        self._characters = 0
        self._calls = 0
        self.dropped_calls = 0
        self.stopped = False
        self.usage = Usage()

    def feed(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if self.stopped:
                break
            if type(event) is PartDelta:
                self._delta(event, out)
            elif type(event) is PartStart:
                self._opened, self._arguments = event, []
                if event.kind != "tool_call":
                    out.append(event)
            elif type(event) is PartEnd:
                self._end(event, out)
            elif type(event) is Finish:
                self.usage = self._estimate() if event.usage.estimated else event.usage
                thread = self._ids.thread(event.thread) if event.thread else ""
                out.append(msgspec.structs.replace(event, usage=self.usage, thread=thread))
            else:
                if type(event) is Failure:
                    self.usage = self._estimate()
                out.append(event)
        return out

    @property
    def used(self) -> Usage:
        """What has been used so far; an estimate while nobody has said it."""
        return self.usage if self.usage.total_tokens else self._estimate()

    def _estimate(self) -> Usage:
        return Usage(input_tokens(self._request), output_tokens(self._characters), estimated=True)

    def _delta(self, event: PartDelta, out: list[Event]) -> None:
        kind = self._opened.kind if self._opened is not None else None
        if kind != "builtin":  # its progress is not the model's
            self._characters += len(event.text)
        if kind == "tool_call":
            self._arguments.append(event.text)
        elif kind == "text" and self._cutter is not None:
            shown = self._cutter.feed(event.text)
            if shown:
                out.append(PartDelta(shown))
            if self._cutter.hit is not None:
                self.usage = self._estimate()
                out += (PartEnd(), Finish("stop", self.usage, self._cutter.hit))
                self.stopped = True
        else:
            out.append(event)

    def _end(self, event: PartEnd, out: list[Event]) -> None:
        opened, self._opened = self._opened, None
        if opened is None or opened.kind != "tool_call":
            if self._cutter is not None and opened is not None and opened.kind == "text":
                held = self._cutter.close()
                if held:
                    out.append(PartDelta(held))
            out.append(event)
            return
        self._calls += 1
        if self._calls > 1 and not self._request.parallel_tool_calls:
            self.dropped_calls += 1
            return
        opaque = event.opaque or opened.opaque
        named = msgspec.structs.replace(opened, id=self._ids.call(opaque, self._calls - 1), opaque=opaque)
        out += (named, PartDelta(self._fitted(opened.name)), event)

    def _fitted(self, name: str) -> str:
        arguments = "".join(self._arguments)
        schema = next((tool.parameters for tool in self._request.tools if tool.name == name), None)
        return coerce(arguments, schema) if schema else arguments or "{}"


class StrictText:
    """A streamed answer that has to have a form: if the whole does not, its end becomes an error."""

    def __init__(self, wanted: JsonSchema | Regex) -> None:
        self._wanted = wanted
        self._texts: list[str] = []
        self._in_text = False

    def feed(self, events: list[Event]) -> list[Event]:
        for at, event in enumerate(events):
            if isinstance(event, PartStart):
                self._in_text = event.kind == "text"
            elif isinstance(event, PartDelta) and self._in_text:
                self._texts.append(event.text)
            elif isinstance(event, Finish) and event.reason == "stop":
                why = why_unfit("".join(self._texts), self._wanted)
                if why is not None:
                    return [*events[:at], Failure(_misfit(unfit(self._wanted, why)))]
        return events


def _misfit(message: str) -> Problem:
    return Problem(Kind.UPSTREAM_FAILED, message, code="upstream_answer_unfit")
