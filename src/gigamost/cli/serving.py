"""The gateway inside this process, on a real socket."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from gigamost.app import Gateway, build
from gigamost.app.fellows import Tell, nobody
from gigamost.cli.terminal import CommandError
from gigamost.config import ClientKey, Settings
from gigamost.config.source import Source
from gigamost.core.secret import Secret
from gigamost.server.run import Server


class Post(Protocol):
    """What a gateway hears from the others that serve with it, and tells them."""

    tell: Tell

    def introduce(self, gateway: Gateway) -> None:
        """Before it starts."""
        ...

    def attend(self, server: Server) -> None:
        """It serves."""
        ...


class Serving(msgspec.Struct, frozen=True):
    """A gateway that answers at `base`. `finished` ends after a signal, or after `server.drain()`."""

    base: str
    gateway: Gateway
    server: Server
    finished: asyncio.Task[None]


@asynccontextmanager
async def serving(
    settings: Settings, listener: socket.socket, source: Source | None = None, *, post: Post | None = None
) -> AsyncIterator[Serving]:
    """Takes the listener over; with a `source` the settings follow its files. `post` connects it with other processes
    that serve with it. What is under way at the end of the block may finish. Raises CommandError."""
    with listener:
        try:
            gateway = build(settings, source, nobody if post is None else post.tell)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        host, port = listener.getsockname()[:2]
        if post is not None:
            post.introduce(gateway)
        await gateway.start()
        server = Server(gateway.asgi, hears_signals=post is None)
        finished = asyncio.create_task(server.run_on(listener))
        try:
            await server.started.wait()
            if post is not None:
                post.attend(server)
            yield Serving(f"http://{f'[{host}]' if ':' in host else host}:{port}", gateway, server, finished)
        finally:
            if not finished.done():
                server.drain()
            await finished
            await gateway.stop()


def private(settings: Settings) -> tuple[Settings, str]:
    """The settings for a gateway of this process alone, and the one key that it takes."""
    key = f"gm-{secrets.token_hex(16)}"
    keys = (ClientKey(name="command line", key=Secret(key)),)
    return msgspec.structs.replace(settings, keys=keys), key
