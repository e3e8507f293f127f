"""How an answer goes wrong on its way: other statuses, broken frames, silence, cuts. Steps in, steps out."""

from http import HTTPStatus

import msgspec

from gigamost.emulator.http import (
    EVENT_STREAM,
    FOREVER,
    Answer,
    Hangup,
    Pause,
    Step,
    Write,
    error_answer,
    page_answer,
)
from gigamost.emulator.personalities import MESSAGES, Directives
from gigamost.framing import sse


def spoil(answer: Answer, directives: Directives) -> Answer:
    """What the directives make of a right answer."""
    answer = _replaced(answer, directives)
    steps = list(answer.steps)
    streamed = answer.content_type == EVENT_STREAM
    if (at := directives.whole("malformed")) is not None:
        steps = _malformed(steps, at, b"\n\n" if streamed else b"")
    if streamed:
        steps = _spoil_stream(steps, directives)
    if (after := directives.whole("stall_after")) is not None:
        steps = _stalled(steps, after, directives.seconds("stall", FOREVER))
    if "one_byte" in directives:
        steps = [piece for step in steps for piece in _bytewise(step)]
    for name in ("cut", "reset"):
        if (size := directives.whole(name)) is not None:
            # A sized answer promises its whole length in the head and breaks the promise.
            promised = (("content-length", str(len(answer.body))),) if answer.sized else ()
            answer = msgspec.structs.replace(answer, headers=answer.headers + promised, sized=False)
            steps = _cut(steps, size, reset=name == "reset")
    return msgspec.structs.replace(answer, steps=tuple(steps), wait=answer.wait + directives.seconds("stall_before"))


def _replaced(answer: Answer, directives: Directives) -> Answer:
    status = 502 if "html_502" in directives else directives.whole("status")
    if status is not None:
        retry = (("retry-after", directives.text("retry_after")),) if "retry_after" in directives else ()
        if status in (502, 503, 504) and "message" not in directives:
            page = page_answer(status, HTTPStatus(status).phrase)
            return msgspec.structs.replace(page, headers=retry)
        return error_answer(status, directives.text("message") or MESSAGES.get(status, "Emulated failure"), retry)
    if (inner := directives.whole("error_body_in_200")) is not None:
        body = _error_body(inner)
        data = sse.encode(body) if answer.content_type == EVENT_STREAM else body
        return msgspec.structs.replace(answer, steps=(Write(data),))
    return answer


def _error_body(status: int) -> bytes:
    return msgspec.json.encode({"status": status, "message": MESSAGES.get(status, "Emulated failure")})


def _spoil_stream(steps: list[Step], directives: Directives) -> list[Step]:
    if (after := directives.whole("error_after")) is not None:
        steps = [*_first_writes(steps, after), Write(sse.encode(_error_body(500)))]
    if "keepalive" in directives:
        steps = [piece for step in steps for piece in (Write(sse.comment("keep-alive")), step)]
    if "crlf" in directives:
        steps = [Write(step.data.replace(b"\n", b"\r\n")) if isinstance(step, Write) else step for step in steps]
    if "bom" in directives:
        steps = [Write(b"\xef\xbb\xbf"), *steps]
    return steps


def _first_writes(steps: list[Step], count: int) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        count -= isinstance(step, Write)
        if count < 0:
            break
        kept.append(step)
    return kept


def _malformed(steps: list[Step], at: int, end: bytes) -> list[Step]:
    """The `at`-th write (from 1) loses its second half."""
    before = len(_first_writes(steps, max(0, at - 1)))
    spoiled = list(steps)
    for index in range(before, len(steps)):
        step = steps[index]
        if isinstance(step, Write):
            spoiled[index] = Write(step.data[: len(step.data) // 2] + end)
            break
    return spoiled


def _stalled(steps: list[Step], after: int, seconds: float) -> list[Step]:
    kept = _first_writes(steps, after)
    return [*kept, Pause(seconds), *steps[len(kept) :]]


def _bytewise(step: Step) -> list[Step]:
    if not isinstance(step, Write):
        return [step]
    pieces: list[Step] = []
    for value in step.data:
        pieces += (Write(bytes([value])), Pause(0))
    return pieces[:-1]


def _cut(steps: list[Step], size: int, *, reset: bool) -> list[Step]:
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Write):
            if len(step.data) > size:
                return [*kept, Write(step.data[:size]), Hangup(reset)] if size else [*kept, Hangup(reset)]
            size -= len(step.data)
        kept.append(step)
    return kept
