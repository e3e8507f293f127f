"""What the brain is asked, whichever version asks, and what it answers before the answer has a form."""

from typing import Any, Literal

import msgspec

from gigamost.emulator.catalogue import Facts
from gigamost.emulator.conversation import FunctionCall, FunctionResult, Said
from gigamost.emulator.files import StoredFile
from gigamost.emulator.personalities import Directives, strip_directives

Raw = dict[str, Any]  # JSON of the client's own: a function or a schema


class Ask(msgspec.Struct, frozen=True):
    """A judged request. `said` begins with what is kept of the thread; `files` are those of the last user message.

    `builtins` are the tools that may be used, by v2's names. `forced` names a function or a built-in tool; `partial` is
    what the arguments of the forced call must have. `parallel`: several calls may stand in one answer. `now` is unix
    seconds.
    """

    model: Facts
    directives: Directives
    said: tuple[Said, ...]
    functions: tuple[Raw, ...] = ()
    builtins: tuple[str, ...] = ()
    may_call: bool = True
    forced: str = ""
    partial: Raw = {}
    parallel: bool = False
    schema: Raw | None = None
    strict: bool = False
    pattern: str = ""
    thinks: bool = False
    max_tokens: int | None = None
    files: tuple[StoredFile, ...] = ()
    now: float = 0.0
    timezone: str = ""

    @property
    def prompt(self) -> str:
        """The last user message without directives, "" when nobody said anything."""
        texts = (message.text for message in reversed(self.said) if message.role == "user")
        return strip_directives(next(texts, ""))

    @property
    def earlier(self) -> list[str]:
        """The user's messages before the last one, oldest first."""
        return [strip_directives(message.text) for message in self.said if message.role == "user"][:-1]

    @property
    def results(self) -> tuple[FunctionResult, ...]:
        """What came back since the last answer in words, oldest first.

        User messages behind the results are passed over: agents put their runtime context there.
        """
        found: tuple[FunctionResult, ...] = ()
        for message in reversed(self.said):
            if message.role == "function":
                found = message.results + found
            elif found if message.role == "user" else not message.calls:
                break
        return found


class Made(msgspec.Struct, frozen=True):
    """A file that a tool made."""

    kind: Literal["image", "model3d"]
    suffix: str
    mime: str
    data: bytes


class Work(msgspec.Struct, frozen=True):
    """One run of a built-in tool, by v2's name."""

    tool: str
    made: tuple[Made, ...] = ()
    is_failed: bool = False


class Source(msgspec.Struct, frozen=True):
    url: str
    title: str


class Thought(msgspec.Struct, frozen=True):
    """An answer. `finish` is v1's own word; the text names source N by the mark `[sources=[N]]`."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[FunctionCall, ...] = ()
    works: tuple[Work, ...] = ()
    sources: tuple[Source, ...] = ()
    finish: str = "stop"
