"""The grammar of an event stream, as a checker: an illegal event dies before a byte of it exists.

idle --Start--> between --PartStart--> open --PartDelta--> open --PartEnd--> between --Finish|Failure--> done
idle --Failure--> done;   open --Failure--> done, when the open part is a tool call
"""

from collections.abc import Iterable, Iterator
from typing import Literal, assert_never

from gigamost.core.events import Event, Failure, Finish, PartDelta, PartEnd, PartKind, PartStart, Start


class GrammarError(AssertionError):
    """Our own code produced events in an order that the grammar does not have."""


class Grammar:
    """Feed every event; raises GrammarError at the first illegal one."""

    def __init__(self) -> None:
        self.state: Literal["idle", "between", "open", "done"] = "idle"
        self.open: PartKind | None = None

    def feed(self, event: Event) -> None:
        match event:
            case Start():
                self._move(event, {"idle"}, "between")
            case PartStart(kind=kind):
                self._move(event, {"between"}, "open")
                self.open = kind
            case PartDelta():
                self._move(event, {"open"}, "open")
            case PartEnd():
                self._move(event, {"open"}, "between")
                self.open = None
            case Finish():
                self._move(event, {"between"}, "done")
            case Failure():
                cut = {"open"} if self.open == "tool_call" else set()
                self._move(event, {"idle", "between"} | cut, "done")
            case _:
                assert_never(event)

    def _move(self, event: Event, allowed: set[str], to: Literal["between", "open", "done"]) -> None:
        if self.state not in allowed:
            raise GrammarError(f"{type(event).__name__} in state {self.state!r} (open part: {self.open})")
        self.state = to


def checked(events: Iterable[Event]) -> Iterator[Event]:
    """The same events; raises GrammarError for a wrong order or a missing end."""
    grammar = Grammar()
    for event in events:
        grammar.feed(event)
        yield event
    if grammar.state != "done":
        raise GrammarError(f"the stream ended in state {grammar.state!r}")
