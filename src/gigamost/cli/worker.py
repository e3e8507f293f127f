"""One worker of several: a gateway that listens with the others, and to its supervisor."""

import asyncio
import logging
import signal
import socket

from gigamost.app import Gateway
from gigamost.app.fellows import Tell
from gigamost.cli.channel import Channel, Drain, Ready
from gigamost.cli.serving import serving
from gigamost.cli.summary import summary
from gigamost.config import Settings
from gigamost.config.source import Source
from gigamost.server.run import Server

log = logging.getLogger(__name__)


async def work(settings: Settings, source: Source, listener: socket.socket, channel: Channel) -> None:
    """Returns when the supervisor has said so, or is gone, and the last request has been answered."""
    post = Post(channel)
    async with serving(settings, listener, source, post=post) as running:
        channel.send(Ready(tuple(summary(settings, running.gateway, running.base))))
        await running.finished


class Post:
    """Brings the gateway what others say, and takes along what it says to them (`cli.serving.Post`)."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.tell: Tell = channel.send
        self._gateway: Gateway | None = None
        self._server: Server | None = None
        self._is_over = False  # before it began

    def introduce(self, gateway: Gateway) -> None:
        """Before it starts: it hears what was said before its time."""
        self._gateway = gateway
        self._read()

    def attend(self, server: Server) -> None:
        """From now on, to both the supervisor and SIGTERM, which may come one after the other and mean the same."""
        self._server = server
        if self._is_over:
            server.drain()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel.fileno(), self._read)
        loop.add_signal_handler(signal.SIGTERM, self._drain)
        self._read()

    def leave(self) -> None:
        asyncio.get_running_loop().remove_reader(self._channel.fileno())

    def _read(self) -> None:
        for message in self._channel.receive():
            match message:
                case Ready():
                    raise TypeError("only workers are ready")
                case Drain(hurry=hurry):
                    self._drain()
                    if hurry and self._server is not None:
                        self._server.hurry()
                case said:
                    if self._gateway is not None:
                        self._gateway.hear(said)
        if self._channel.is_closed:
            self._orphaned()

    def _drain(self) -> None:
        self._is_over = True
        if self._server is not None:
            self._server.drain()

    def _orphaned(self) -> None:
        if self._server is None:
            raise ConnectionError("the supervisor is gone")
        self.leave()
        log.error("the supervisor is gone: this worker ends")
        self._server.drain(deaf=True)
