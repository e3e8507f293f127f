"""Waiting for the user, or whoever runs us, to end it."""

import asyncio
import contextlib
import signal


async def until_signal() -> None:
    """Returns at SIGINT or SIGTERM. Where the event loop cannot watch signals (Windows), Ctrl-C interrupts the wait."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    watched = (signal.SIGINT, signal.SIGTERM)
    with contextlib.suppress(NotImplementedError):
        for number in watched:
            loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in watched:
                loop.remove_signal_handler(number)
