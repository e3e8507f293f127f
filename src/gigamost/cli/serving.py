"""The gateway inside this process, on a real socket."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gigamost.app import Gateway, build
from gigamost.cli.terminal import CommandError
from gigamost.config import ClientKey, Settings
from gigamost.core.secret import Secret
from gigamost.server.run import Server


class Serving(msgspec.Struct, frozen=True):
    """A gateway that answers at `base`. `finished` ends after a signal, or after `server.drain()`."""

    base: str
    gateway: Gateway
    server: Server
    finished: asyncio.Task[None]


@asynccontextmanager
async def serving(settings: Settings, listener: socket.socket) -> AsyncIterator[Serving]:
    """Takes the listener over. What is under way at the end of the block may finish. Raises CommandError."""
    with listener:
        try:
            gateway = build(settings)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        host, port = listener.getsockname()[:2]
        await gateway.start()
        server = Server(gateway.asgi)
        finished = asyncio.create_task(server.run_on(listener))
        try:
            await server.started.wait()
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
