"""A conversation in neither version's words: what was said, called, answered and attached. Judge, brain and threads
share it."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "function"]


class FunctionCall(msgspec.Struct, frozen=True):
    name: str
    arguments: dict[str, Any]  # whatever the function's schema asks for


class FunctionResult(msgspec.Struct, frozen=True):
    """`content` is JSON text."""

    name: str
    content: str


class Said(msgspec.Struct, frozen=True):
    """One message. `files` are ids; calls stand only in an assistant's, results only in a function's message."""

    role: Role
    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    results: tuple[FunctionResult, ...] = ()
    files: tuple[str, ...] = ()


def segments(functions: Iterable[object], said: Iterable[Said]) -> Iterator[str]:
    """What a prompt is made of, in the order in which a cache would keep it: functions, then messages."""
    for function in functions:
        yield msgspec.json.encode(function).decode()
    for message in said:
        yield message.text
        for call in message.calls:
            yield msgspec.json.encode(call).decode()
        for result in message.results:
            yield result.content
