"""What commands say, and how they fail: text for people on standard output, trouble and progress on standard error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

Mark = Literal["ok", "warn", "fail", "skip"]

_COLOURS: dict[Mark, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}


class CommandError(Exception):
    """An expected failure: each line says what is wrong or what to do. The command ends with 1."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def say(text: str = "", *, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def note(text: str) -> None:
    """Something beside the result, on standard error."""
    print(text, file=sys.stderr, flush=True)


def mark(kind: Mark, text: str, advice: str = "") -> None:
    """One line of a check, with what to do under it."""
    import typer

    typer.secho(f"{kind:<5}", fg=_COLOURS[kind], bold=kind == "fail", nl=False)
    say(text)
    if advice:
        say(f"      -> {advice}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    # Piped into another program a line must not be cut at some imagined screen's edge.
    Console(width=None if sys.stdout.isatty() else 10_000).print(grid)


@contextmanager
def working(text: str) -> Iterator[None]:
    """A spinner while something takes its time; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
