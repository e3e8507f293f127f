"""Runs the application on uvicorn, and ends it gently.

SIGTERM or SIGINT: the listener stays open while draining, so that `/health/ready` can say 503; new requests get 503,
live ones finish within the drain limit; the exit code is 0. (uvicorn by itself closes listeners first and raises the
signal again.) A second signal ends at once.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType

import uvicorn

from gigamost.server.application import Application

log = logging.getLogger(__name__)

DRAIN_LIMIT = 30.0  # seconds that live streams have to finish
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError (EADDRINUSE when the port is taken)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # on Windows this would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """`on_drain` is called once, when draining begins."""

    def __init__(self, application: Application, *, on_drain: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=True,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
                h11_max_incomplete_event_size=64 * 1024,
            )
        )
        self._application = application
        self._on_drain = on_drain
        self._drain_ends: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._drain_ends is not None:
            self.should_exit = self.force_exit = True
            return
        self.drain()

    def drain(self) -> None:
        """No new requests from now on; the server stops when the live ones are done, or the limit is over."""
        self._drain_ends = monotonic() + DRAIN_LIMIT
        self._application.draining = True
        log.info("draining: %d requests under way", self._application.live)
        if self._on_drain is not None:
            self._on_drain()

    async def on_tick(self, counter: int) -> bool:
        if self._drain_ends is not None and (self._application.live == 0 or monotonic() >= self._drain_ends):
            self.should_exit = True
        return await super().on_tick(counter)

    async def run_on(self, listener: socket.socket) -> None:
        """Serves until a signal, or `drain` from elsewhere."""
        await self.serve(sockets=[listener])


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it exists; Windows has none."""
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
