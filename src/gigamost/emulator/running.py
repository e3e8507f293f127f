"""The emulator behind real sockets: uvicorn's HTTP protocol on listeners of our own, started and stopped at once.

uvicorn's own server polls to start and to stop and takes the process's signals; a test needs none of that.
"""

import asyncio
import os
import socket
import ssl
import struct
from types import TracebackType
from typing import Self, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gigamost.emulator.app import Emulator
from gigamost.emulator.delivery import HANGUP

# `struct linger`, on and 0 seconds: closing throws away what is unsent and resets. Windows has shorter fields.
_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Connection(HttpToolsProtocol):
    """uvicorn's connection with an ASGI extension: end it now, by a reset (RST) or an end of file (FIN)."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANGUP: {"now": self._hangup}}

    async def _hangup(self, *, reset: bool) -> None:
        while reset and self.transport.get_write_buffer_size():  # noqa: ASYNC110  no event says that it is empty
            await asyncio.sleep(0)
        if reset:
            connection = cast("socket.socket", self.transport.get_extra_info("socket"))  # untyped in asyncio
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            self.transport.abort()
        else:
            self.transport.close()


class Running:
    """An emulator that listens: `async with Running(app) as running`. Port 0 is any free one.

    With `tls` a second listener serves the same application over TLS on `tls_port`.
    """

    def __init__(
        self,
        app: Emulator,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        tls_port: int = 0,
    ) -> None:
        self.app = app
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self._tls = tls
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []

    @property
    def base_url(self) -> str:
        """What the official clients call base_url."""
        return f"http://{self.host}:{self.port}/api/v1"

    @property
    def auth_url(self) -> str:
        return f"http://{self.host}:{self.port}/api/v2/oauth"

    @property
    def tls_base_url(self) -> str:
        return f"https://{self.host}:{self.tls_port}/api/v1"

    @property
    def tls_auth_url(self) -> str:
        return f"https://{self.host}:{self.tls_port}/api/v2/oauth"

    async def start(self) -> None:
        """Returns when connections are accepted. Raises OSError when a port is taken."""
        # uvicorn's own logging set-up would take over the process's.
        config = uvicorn.Config(
            self.app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_keep_alive=60
        )
        config.load()
        self.port = await self._listen(config, self.port, None)
        if self._tls is not None:
            self.tls_port = await self._listen(config, self.tls_port, self._tls)

    async def _listen(self, config: uvicorn.Config, port: int, tls: ssl.SSLContext | None) -> int:
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(config, self._state, {}), self.host, port, ssl=tls
        )
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Closes listeners and connections; what is being answered is cut."""
        for server in self._servers:
            server.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        for server in self._servers:
            await server.wait_closed()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        self._servers.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
