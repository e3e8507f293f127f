"""One streamed chat through a gateway, as an OpenAI client makes it, and everything worth telling about it."""

import time
from collections.abc import Callable

import msgspec

from gigamost.framing import sse
from gigamost.upstreams.http import HttpRequest, Response, Transport

_SILENCE = 150.0  # seconds: above the gateway's own limit, so that its error is seen and not ours


class Answer(msgspec.Struct):
    """`first` is seconds until the first text or call. `problem` is "" when a client would be content."""

    status: int
    text: str = ""
    calls: list[str] = []
    pieces: int = 0
    first: float | None = None
    finish: str = ""
    model: str = ""
    tokens: str = ""
    ignored: str = ""
    problem: str = ""


class _Function(msgspec.Struct):
    name: str = ""


class _Call(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Call] = []


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Error(msgspec.Struct):
    message: str = ""


class _Chunk(msgspec.Struct):
    model: str = ""
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | None = None


async def stream_chat(
    transport: Transport,
    base: str,
    key: str,
    body: bytes,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    show: Callable[[str], None] = lambda text: None,
) -> Answer:
    """`show` gets each piece of text as it comes. Raises TransportError when no (whole) answer comes."""
    sent = (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"), *headers)
    began = time.perf_counter()
    response = await transport.send(HttpRequest("POST", f"{base}/v1/chat/completions", sent, body), silence=_SILENCE)
    try:
        answer = Answer(response.status, ignored=response.headers.get("x-gigamost-ignored", ""))
        if response.status != 200:
            answer.problem = _problem(await response.read(1024 * 1024))
        else:
            await _follow(response, answer, began, show)
        return answer
    finally:
        response.close()


async def _follow(response: Response, answer: Answer, began: float, show: Callable[[str], None]) -> None:
    reader, done = sse.Reader(), False
    while chunk := await response.chunk():
        for frame in reader.feed(chunk):
            if frame.data == b"[DONE]":
                done = True
                continue
            try:
                _take(answer, msgspec.json.decode(frame.data, type=_Chunk), began, show)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                answer.problem = f"a piece of the stream is none of OpenAI's: {error}"
                return
    if not answer.problem and not (done and answer.finish):
        answer.problem = "the stream ended without its finish: an agent would retry or hang"


def _take(answer: Answer, chunk: _Chunk, began: float, show: Callable[[str], None]) -> None:
    answer.model = chunk.model or answer.model
    if chunk.error is not None:
        answer.problem = chunk.error.message
    if chunk.usage is not None:
        answer.tokens = f"{chunk.usage.prompt_tokens} + {chunk.usage.completion_tokens} tokens"
    for choice in chunk.choices:
        text = choice.delta.content or ""
        names = [call.function.name for call in choice.delta.tool_calls if call.function.name]
        if text or names:
            answer.pieces += 1
            answer.first = answer.first if answer.first is not None else time.perf_counter() - began
        answer.text += text
        answer.calls += names
        answer.finish = choice.finish_reason or answer.finish
        if text:
            show(text)


def _problem(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Chunk).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = None
    return error.message if error is not None else body[:200].decode("utf-8", "replace")
