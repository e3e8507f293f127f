"""How an answer of OpenAI's Chat Completions is read, streamed or whole."""

import msgspec

from gigamost.cli.stream import Answer


class _Function(msgspec.Struct):
    name: str | None = None


class _Call(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    """A streamed choice has a `delta`, a whole one a `message`."""

    delta: _Message | None = None
    message: _Message | None = None
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


class ChatReading:
    """OpenCode asks again without end when a stream has no finish reason; `[DONE]` closes it."""

    vendor = "OpenAI"
    comments = True

    def __init__(self) -> None:
        self._done = False

    def take(self, answer: Answer, event: str, data: bytes) -> None:
        if data == b"[DONE]":
            self._done = True
            return
        chunk = msgspec.json.decode(data, type=_Chunk)
        answer.model = chunk.model or answer.model
        if chunk.error is not None:
            answer.problem = chunk.error.message
        if chunk.usage is not None:
            answer.count(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            self._done = self._done or choice.message is not None
            message = choice.delta or choice.message or _Message()
            calls = [call.function.name for call in message.tool_calls or [] if call.function.name]
            answer.add(message.content or "", *calls)
            answer.finish = choice.finish_reason or answer.finish

    def missing(self, answer: Answer) -> str:
        finished = self._done and answer.finish
        return "" if finished else "the stream ended without its finish: an agent would retry or hang"
