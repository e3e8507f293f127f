"""`serve`: the gateway."""

import asyncio
import socket
from pathlib import Path

from gigamost.cli.port import listener_on
from gigamost.cli.serving import serving
from gigamost.cli.summary import summary
from gigamost.cli.terminal import CommandError, say
from gigamost.cli.upstream import WHERE_TO_GET_A_KEY
from gigamost.config import Settings, load
from gigamost.server import logs
from gigamost.server.run import loop_factory


def serve(config: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Returns when a signal ended it. Raises ConfigError, CommandError."""
    settings = load({"server.host": host, "server.port": port, "server.workers": workers}, config=config)
    has_upstream = settings.gigachat.pool or settings.upstreams
    if not has_upstream and not any(key.pass_token for key in settings.keys):
        raise CommandError(*WHERE_TO_GET_A_KEY)
    listener = listener_on(settings.server.host, settings.server.port)
    logs.configure(settings.log.level, settings.log.format)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with serving(settings, listener) as gateway:
        for line in summary(settings, gateway.gateway, gateway.base):
            say(line)
        await gateway.finished
