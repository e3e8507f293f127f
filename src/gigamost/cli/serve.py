"""`serve`: the gateway, as one process or as several."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from gigamost.cli import exit_code
from gigamost.cli.port import SharedPort, listener_on
from gigamost.cli.serving import serving
from gigamost.cli.summary import summary
from gigamost.cli.terminal import CommandError, say
from gigamost.cli.upstream import WHERE_TO_GET_A_KEY
from gigamost.config import Settings
from gigamost.config.checks import has_upstream
from gigamost.config.source import Source
from gigamost.server import logs
from gigamost.server.run import loop_factory


def serve(config: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Returns when a signal ended it. Raises ConfigError, CommandError."""
    source = Source({"server.host": host, "server.port": port, "server.workers": workers}, config=config)
    settings = source.load()
    if not has_upstream(settings):
        raise CommandError(*WHERE_TO_GET_A_KEY)
    if settings.server.workers > 1:
        _serve_together(settings, source)
    else:
        listener = listener_on(settings.server.host, settings.server.port)
        logs.configure(settings.log.level, settings.log.format)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(settings, source, listener))


async def _serve(settings: Settings, source: Source, listener: socket.socket) -> None:
    async with serving(settings, listener, source) as running:
        with suppress(NotImplementedError, AttributeError):  # Windows has no SIGHUP: there the files are watched only
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, running.gateway.reload.poke, "SIGHUP")
        for line in summary(settings, running.gateway, running.base):
            say(line)
        await running.finished


def _serve_together(settings: Settings, source: Source) -> None:
    if not hasattr(os, "fork"):
        raise CommandError("Several workers need a system that can fork, and Windows cannot: set --workers to 1.")
    from gigamost.cli.channel import Channel
    from gigamost.cli.supervisor import Supervisor
    from gigamost.cli.worker import work

    port = SharedPort(settings.server.host, settings.server.port)
    logs.configure(settings.log.level, settings.log.format)

    def live(listener: socket.socket, channel: Channel) -> int:
        def run() -> None:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(work(settings, source, listener, channel))

        return exit_code(run)

    code = Supervisor(settings.server.workers, port, live).run()
    if code:
        sys.exit(code)
