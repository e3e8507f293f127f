"""Where a value came from, and what was wrong with it."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Literal

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Where a value came from. `name` is what the user wrote there (`--port`, `GIGAMOST_PORT`, `server.port`); `file`
    and `line` say where in a file."""

    kind: Literal["flag", "environment", ".env", "file", "default"]
    name: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        match self.kind:
            case "flag" | "environment":
                return self.name
            case ".env":
                return f"{self.name} ({self.file}:{self.line})"
            case "file":
                return f"{self.file}:{self.line}: {self.name}"
            case "default":
                return "default"


DEFAULT = Origin("default")


class Node(msgspec.Struct, frozen=True):
    """A raw value of a source, before anybody knows its type."""

    value: "Raw"
    origin: Origin


Raw = str | int | float | bool | None | dict[str, Node] | list[Node]


class ConfigError(Exception):
    """The configuration cannot be used. `problems` has one line for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """ " (did you mean X?)", or "" when nothing is near."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read, in words."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
