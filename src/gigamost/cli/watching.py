"""How far something is that takes its time, for whoever watches: a bar on standard error, nothing where nobody does."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def watched(text: str) -> Iterator[Callable[[int, int], None]]:
    """Call it with how much is done, and of how much."""
    if not sys.stderr.isatty():
        yield _nobody_watches
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _nobody_watches(done: int, total: int) -> None:
    """Piped into another program a bar is noise."""
