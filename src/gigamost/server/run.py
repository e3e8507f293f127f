"""Listens, serves the application, and ends gently.

SIGTERM or SIGINT: the listener stays open while draining, so that `/health/ready` can say 503; new requests get 503,
live ones finish within the drain limit; the exit code is 0. A second signal ends at once.
"""

import asyncio
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from email.utils import formatdate
from time import time
from typing import Final

from gigamost.server.application import Application
from gigamost.server.connection import Connection
from gigamost.server.cycle import Cycle
from gigamost.server.times import Times
from gigamost.server.types import App

log = logging.getLogger(__name__)

_COLLECT_AFTER: Final = 50_000  # objects made and still there
_BACKLOG: Final = 2048


def listen(host: str, port: int, *, with_others: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one. `with_others` that were opened so the kernel shares the connections
    among them. Raises OSError (EADDRINUSE when the port is taken)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # on Windows this would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if with_others:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class Listening:
    """What the connections of one listener share."""

    def __init__(self, application: App, times: Times) -> None:
        self.application = application
        self.times = times
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self.draining = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper = self.loop.call_later(times.sweep, self._sweep)
        self._somebody_left = asyncio.Event()
        self._second = 0
        self._date = b""

    def run(self, cycle: Cycle) -> None:
        task = self.loop.create_task(cycle.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def left(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._somebody_left.set()

    def date(self) -> bytes:
        """The Date header, made once a second."""
        second = int(time())
        if second != self._second:
            self._second, self._date = second, f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    async def flushed(self) -> None:
        """Closes the connections; returns when the last bytes of the last one are out."""
        for connection in tuple(self.connections):
            if connection.is_idle():
                connection.end()
        while self.connections:
            self._somebody_left.clear()
            await self._somebody_left.wait()

    async def close(self) -> None:
        """Cuts what is still open."""
        self._sweeper.cancel()
        for connection in tuple(self.connections):
            connection.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _sweep(self) -> None:
        """One timer for all connections."""
        now = self.loop.time()
        for connection in tuple(self.connections):
            connection.look(now)
        self._sweeper = self.loop.call_later(self.times.sweep, self._sweep)


class Server:
    """Serves until `drain`, which SIGTERM and SIGINT ask for as well, unless somebody else `hears_signals` for it.
    `started` is set once both work."""

    def __init__(
        self,
        application: Application,
        times: Times = Times(),  # noqa: B008 - a frozen value
        *,
        hears_signals: bool = True,
    ) -> None:
        self.started = asyncio.Event()
        self._application = application
        self._times = times
        self._hears_signals = hears_signals
        self._listener: asyncio.Server | None = None
        self._draining = asyncio.Event()
        self._hurry = asyncio.Event()

    def drain(self, *, deaf: bool = False) -> None:
        """No new requests from now on; the server stops when the live ones are done. `deaf`: no connections either, so
        that another process can listen at once."""
        self._draining.set()
        self._application.drain()
        if deaf and self._listener is not None:
            self._listener.close()

    def hurry(self) -> None:
        """Does not wait for the live ones any more."""
        self._hurry.set()

    def _signalled(self) -> None:
        if self._draining.is_set():
            self.hurry()
        self.drain()

    async def run_on(self, listener: socket.socket) -> None:
        listening = Listening(self._application, self._times)
        self._listener = server = await listening.loop.create_server(lambda: Connection(listening), sock=listener)
        # What was loaded at the start stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        # Requests leave no cycles behind, but a large one makes thousands of objects at once, and by the default the
        # collector would look through them every 700.
        gc.set_threshold(_COLLECT_AFTER)
        with _signals(listening.loop, self._signalled) if self._hears_signals else nullcontext():
            self.started.set()
            try:
                await self._draining.wait()
                listening.draining = True
                log.info("draining: %d requests under way", self._application.live)
                await self._finished(server, listening)
            finally:
                server.close()
                await listening.close()

    async def _finished(self, server: asyncio.Server, listening: Listening) -> None:
        """Returns when everybody was served, after the drain limit, or when somebody hurries."""

        async def gently() -> None:
            await self._application.idle()
            server.close()
            await listening.flushed()

        waits = [asyncio.ensure_future(wait) for wait in (gently(), self._hurry.wait())]
        try:
            await asyncio.wait(waits, timeout=self._times.drain, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> Iterator[None]:
    watched = (signal.SIGINT, signal.SIGTERM)
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield  # no event loop there can watch signals: Ctrl-C interrupts
        return
    for each in watched:
        loop.add_signal_handler(each, call)
    try:
        yield
    finally:
        for each in watched:
            loop.remove_signal_handler(each)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it exists; Windows has none."""
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
