"""Responses that are made in the background (guide "Background mode"): what a client sees of one before its end, and
its stream, which can be read again from any event on.

queued: created, queued     then what `stream.Encoder` writes, without its own `created`, one number later
"""

from typing import Any, Final, Literal

import msgspec

from gigamost.core.errors import Problem, invalid
from gigamost.core.face import Incoming
from gigamost.framing import sse
from gigamost.protocols.openai_responses import frames
from gigamost.protocols.openai_responses.errors import error_of

JsonObject = dict[str, Any]
Status = Literal["queued", "in_progress", "cancelled", "failed"]

DONE: Final = sse.encode(b"[DONE]")
_KEEPALIVE: Final = sse.comment("keep-alive")
_NUMBER: Final = b'"sequence_number":'
_read = msgspec.json.Decoder(JsonObject).decode


class _Last(msgspec.Struct):
    type: str
    response: msgspec.Raw = msgspec.Raw(b"")


_last = msgspec.json.Decoder(_Last).decode


def begun(queued: bytes) -> list[bytes]:
    """The first frames, before a worker has taken it."""
    response = {"response": msgspec.Raw(queued)}
    return [frames.event("created", response, 0), frames.event("queued", response, 1)]


def shown(queued: bytes, status: Status, problem: Problem | None = None) -> bytes:
    """The response as it is without anything of its answer."""
    error = error_of(problem) if problem is not None else None
    return msgspec.json.encode({**_read(queued), "status": status, "error": error})


def failed(response: bytes, number: int) -> list[bytes]:
    """The last frames of one that broke off."""
    return [frames.event("failed", {"response": msgspec.Raw(response)}, number), DONE]


class Renumbered:
    """The frames of an encoder's stream as they stand in the log. `response` is the response object of its last event,
    `succeeded` whether that is an end that was meant."""

    def __init__(self) -> None:
        self.number = 2  # of the next frame
        self.response = b""
        self.succeeded = False
        self._is_first = True

    def feed(self, data: bytes) -> list[bytes]:
        found = [frame + b"\n\n" for frame in data.split(b"\n\n") if frame]
        if found and self._is_first:  # the client knows by now that it was created
            self._is_first = False
            del found[0]
        out: list[bytes] = []
        for frame in found:
            if frame != DONE:
                head, _, _ = frame.rpartition(_NUMBER)
                frame = b"%b%b%d}\n\n" % (head, _NUMBER, self.number)
                self._remember(frame)
            out.append(frame)
            self.number += 1
        return out

    def _remember(self, frame: bytes) -> None:
        name = frame[: frame.find(b"\n")].removeprefix(b"event: response.")
        if name in (b"completed", b"incomplete", b"failed"):
            self.response = bytes(_last(frame.partition(b"\ndata: ")[2]).response)
            self.succeeded = name != b"failed"


class _Peek(msgspec.Struct):
    stream: bool | None = None


def wants_stream(body: bytes) -> bool:
    """Whether who asks for a response in the background also wants to watch it being made. `body` was read before."""
    return msgspec.json.decode(body, type=_Peek).stream is True


def keepalive() -> bytes:
    return _KEEPALIVE


def decode_replay(incoming: Incoming) -> int | None:
    """From which event on the stream is wanted; None: the response itself. Raises GatewayError (400)."""
    if incoming.query.get("stream", "false").lower() in ("false", "0"):
        return None
    after = incoming.query.get("starting_after", "")
    if after and not (after.isascii() and after.isdigit() and len(after) <= 9):
        raise invalid("starting_after must be the sequence_number of an event.", "starting_after", "invalid_value")
    return int(after) + 1 if after else 0
