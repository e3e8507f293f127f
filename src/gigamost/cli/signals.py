"""Being ended by the user, or by whoever runs us."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def ending() -> Iterator[asyncio.Event]:
    """Inside, SIGINT and SIGTERM set the event. Where the loop cannot watch signals (Windows), Ctrl-C interrupts."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    watched = (signal.SIGINT, signal.SIGTERM)
    with contextlib.suppress(NotImplementedError):
        for number in watched:
            loop.add_signal_handler(number, ended.set)
    try:
        yield ended
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in watched:
                loop.remove_signal_handler(number)
