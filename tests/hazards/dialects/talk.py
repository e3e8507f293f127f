"""What every client can say and hear, in no vendor's words."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]  # a vendor's JSON
Finish = Literal["stop", "length", "tools", "filter", "stop_sequence", ""]


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: JsonObject


@dataclass(frozen=True)
class Result:
    """What a tool answered to the call of this id."""

    id: str
    name: str
    content: str
    is_error: bool = False


@dataclass(frozen=True)
class Turn:
    """A user's turn has text or results, an assistant's text and calls."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Tool:
    name: str
    parameters: JsonObject
    description: str = "A tool."


@dataclass(frozen=True)
class Ask:
    turns: tuple[Turn, ...]
    system: str = ""
    tools: tuple[Tool, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int = 1000
    stream: bool = False
    must_call: bool = False
    think: bool = False


@dataclass
class Heard:
    """What a client understood. `error` is the message of an error, in the head's status or inside the stream; `ended`
    says that the answer came to its proper end."""

    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    unfinished_calls: int = 0
    finish: Finish = ""
    error: str | None = None
    ended: bool = False
    usage: tuple[int, int] | None = None


@dataclass(frozen=True)
class Dialect:
    """`path` takes whether the answer streams; `read` takes (streamed, body) of a 200, `error` the body of another
    status."""

    face: str
    path: Callable[[Ask], str]
    headers: Callable[[str], dict[str, str]]
    body: Callable[[Ask], JsonObject]
    whole: Callable[[JsonObject], Heard]
    stream: Callable[[bytes], Heard]
    error: Callable[[JsonObject], str]
    filter_is_error: bool = False

    def read(self, ask: Ask, status: int, body: bytes) -> Heard:
        if status != 200:
            return Heard(error=self.error(json.loads(body)))
        return self.stream(body) if ask.stream else self.whole(json.loads(body))


MODEL = "GigaChat-2-Max"


def events(body: bytes) -> list[tuple[str, str]]:
    """(event name, data) of an SSE body; comments are skipped, as every client does."""
    found: list[tuple[str, str]] = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
        if data:
            found.append((name, "\n".join(data)))
    return found
