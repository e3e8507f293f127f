"""One chat through a gateway, as a client makes it, and everything worth telling about it."""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from gigamost.framing import ndjson, sse
from gigamost.upstreams.http import HttpRequest, Response, Transport

_SILENCE = 150.0  # seconds: above the gateway's own limit, so that its error is seen and not ours


class Answer(msgspec.Struct):
    """`first` is seconds until the first text or call. `problem` is "" when a client would be content."""

    status: int
    began: float
    show: Callable[[str], None]
    text: str = ""
    calls: list[str] = []
    pieces: int = 0
    first: float | None = None
    finish: str = ""
    model: str = ""
    tokens: str = ""
    ignored: str = ""
    problem: str = ""

    def add(self, text: str = "", *calls: str) -> None:
        """A piece of content came."""
        if not text and not calls:
            return
        self.pieces += 1
        if self.first is None:
            self.first = time.perf_counter() - self.began
        self.text += text
        self.calls += calls
        if text:
            self.show(text)

    def count(self, prompt: int, completion: int) -> None:
        self.tokens = f"{prompt} + {completion} tokens"


class Reading(Protocol):
    """How the answers of one protocol are read. `vendor` is whose protocol it is; `comments`, whether its clients
    survive comments in the stream."""

    vendor: str
    comments: bool

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        """One piece of the stream, or the whole answer. Raises DecodeError for one that is none."""
        ...

    def missing(self, answer: Answer) -> str:
        """What the client would have waited for in vain, "" for nothing."""
        ...


async def exchange(
    transport: Transport, request: HttpRequest, reading: Reading, *, show: Callable[[str], None] = lambda text: None
) -> Answer:
    """`show` gets each piece of text as it comes. Raises TransportError when no (whole) answer comes."""
    began = time.perf_counter()
    response = await transport.send(request, silence=_SILENCE)
    try:
        answer = Answer(response.status, began, show, ignored=response.headers.get("x-gigamost-ignored", ""))
        if response.status != 200:
            answer.problem = _problem(await response.read(1024 * 1024))
        else:
            await _follow(response, answer, reading)
        return answer
    finally:
        response.close()


async def _follow(response: Response, answer: Answer, reading: Reading) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0]
    try:
        if kind == "application/json":
            reading.take(answer, "", await response.read())
        else:
            await _frames(response, answer, reading, by_line=kind == ndjson.CONTENT_TYPE)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        answer.problem = f"a piece of the answer is none of {reading.vendor}'s: {error}"
        return
    answer.problem = answer.problem or reading.missing(answer)


async def _frames(response: Response, answer: Answer, reading: Reading, *, by_line: bool) -> None:
    frames, lines, last = sse.Reader(), ndjson.Reader(), b"\n"
    while chunk := await response.chunk():
        if by_line:
            for line in lines.feed(chunk):
                reading.take(answer, "", line)
            continue
        if not reading.comments and b"\n:" in last + chunk:
            answer.problem = "the stream has a comment in it: this client breaks off there"
        last = chunk[-1:]
        for frame in frames.feed(chunk):
            reading.take(answer, frame.event, frame.data)


class _Said(msgspec.Struct):
    message: str = ""


class _Error(msgspec.Struct):
    error: _Said | str = ""


def _problem(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Error).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = ""
    return (error.message if isinstance(error, _Said) else error) or body[:200].decode("utf-8", "replace")
