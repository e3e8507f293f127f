"""Answers of GigaChat on their way to its own clients: bytes as they came, read beside for usage and the end, and
written anew only where an id stands in them."""

import re
from typing import Any, Final

import msgspec

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.usage import Usage
from gigamost.framing import sse
from gigamost.protocols.gigachat.native.ids import Ids, JsonObject, is_touched, seal_ids
from gigamost.protocols.gigachat.problems import problem_of, unreadable

_SEPARATOR: Final = re.compile(rb"(\r\n\r\n|\n\n|\r\r)")
# The beginning of a tag that GigaChat puts into the text, cut at the end of a chunk; a longer one is prose.
_CUT_TAG: Final = re.compile(r"<(?:i(?:m(?:g(?:\s[^<>]*)?)?)?|v(?:i(?:d(?:e(?:o(?:\s[^<>]*)?)?)?)?)?)?$")
_TAG_LIMIT: Final = 512
_LONGEST_EVENT: Final = 32 * 1024 * 1024  # bytes
_DONE: Final = b"[DONE]"
_LAST_EVENT: Final = "response.message.done"


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    """Of v1, of v2, and of one item of embeddings."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    precached_prompt_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None

    def read(self) -> Usage:
        cached = self.input_tokens_details.cached_tokens if self.input_tokens_details else self.precached_prompt_tokens
        return Usage(
            self.input_tokens or self.prompt_tokens or 0,
            self.output_tokens or self.completion_tokens or 0,
            cached or 0,
        )


class _Item(msgspec.Struct):
    usage: _Usage | None = None


class _Told(msgspec.Struct):
    usage: _Usage | None = None
    data: list[_Item] | None = None


_told = msgspec.json.Decoder(_Told).decode


def usage_in(body: bytes) -> Usage:
    """What an answer says that it cost; embeddings say it item by item."""
    if b'"usage"' not in body:
        return Usage(estimated=True)
    try:
        told = _told(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Usage(estimated=True)
    if told.usage is not None:
        return told.usage.read()
    items = [item.usage.read() for item in told.data or () if item.usage is not None]
    return sum(items, Usage()) if items else Usage(estimated=True)


def problem_in(body: bytes) -> Problem | None:
    """An error that came as a success (gigachat-api.md section 4.9); None: it is none."""
    if b'"message"' not in body or b'"status"' not in body:
        return None
    try:
        read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("status"), int) or {"choices", "messages"} & read.keys():
        return None
    said = read.get("message")
    return problem_of(read["status"], said if isinstance(said, str) else "") if read["status"] >= 400 else None


def sealed(body: bytes, ids: Ids) -> bytes:
    """A whole answer with the ids that clients see."""
    if not is_touched(body):
        return body
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    if isinstance(answer, dict):
        seal_ids(answer, ids)
    return msgspec.json.encode(answer)


class Stream:
    """Feed bytes cut anywhere, get whole server-sent events as they came. `begun`: an event has come that is not a mere
    comment; `finished`: GigaChat said that the answer is whole; `problem`: what an event that is an error says.
    Raises GatewayError (502) for an event without an end.
    """

    def __init__(self, ids: Ids) -> None:
        self.usage = Usage(estimated=True)
        self.begun = False
        self.finished = False
        self.problem: Problem | None = None
        self._ids = ids
        self._rest = b""
        self._tag = ""  # of a text that the next chunk goes on with

    def feed(self, chunk: bytes) -> bytes:
        blocks = _SEPARATOR.split(self._rest + chunk)
        self._rest = blocks.pop()
        if len(self._rest) > _LONGEST_EVENT:
            raise GatewayError.of(unreadable(f"an event longer than {_LONGEST_EVENT} bytes", b""))
        return b"".join(self._block(*blocks[at : at + 2]) for at in range(0, len(blocks), 2))

    def end(self) -> bytes:
        """What is left when the upstream has ended, where that is no answer that was cut."""
        rest, self._rest = self._rest, b""
        last = self._block(rest, b"")
        return last if self.finished else b""

    def _block(self, block: bytes, separator: bytes) -> bytes:
        frames = sse.Reader().feed(block + b"\n\n")
        if not frames:
            return block + separator
        event, data = frames[0]
        self.begun = True
        if data == _DONE or event == _LAST_EVENT:
            self.finished = True
        self.problem = self.problem or problem_in(data)
        if b'"usage"' in data:
            self.usage = usage_in(data)
        if not (self._tag or b"finish_reason" in data or b"<" in data or is_touched(data)):
            return block + separator
        return self._changed(data, event) or block + separator

    def _changed(self, data: bytes, event: str) -> bytes | None:
        """The event written anew, None when nothing in it had to be changed."""
        try:
            chunk = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(chunk, dict):
            return None
        before = msgspec.json.encode(chunk)
        self._join_tags(chunk)
        seal_ids(chunk, self._ids)
        after = msgspec.json.encode(chunk)
        return None if after == before else sse.encode(after, event)

    def _join_tags(self, chunk: JsonObject) -> None:
        """v1 alone writes pictures into the text, and may cut one between two chunks."""
        choices = chunk.get("choices")
        choice: Any = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        if choice.get("finish_reason") is not None:
            self.finished = True
        delta = choice.get("delta")
        if not isinstance(delta, dict) or not isinstance(delta.get("content"), str):
            return
        text, self._tag = self._tag + delta["content"], ""
        found = _CUT_TAG.search(text)
        if found is not None and len(found[0]) < _TAG_LIMIT and not self.finished:
            text, self._tag = text[: found.start()], found[0]
        delta["content"] = text
