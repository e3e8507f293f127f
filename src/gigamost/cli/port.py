"""Listening on a port, and what to say when that cannot be."""

import errno
import socket

from gigamost.cli.terminal import CommandError
from gigamost.server.run import listen


def listener_on(host: str, port: int) -> socket.socket:
    """Raises CommandError that says why nothing can listen there."""
    try:
        return listen(host, port)
    except OSError as error:
        raise unavailable(host, port, error) from error


def unavailable(host: str, port: int, error: OSError) -> CommandError:
    match error.errno:
        case errno.EADDRINUSE:
            return CommandError(
                f"Port {port} on {host} is taken, perhaps by another gigamost (`lsof -i :{port}` shows it): "
                "choose one with --port."
            )
        case errno.EACCES:
            return CommandError(f"Port {port} needs more rights than this user has: choose one above 1023 with --port.")
        case _:
            return CommandError(f"Nothing can listen on {host}, port {port} ({error.strerror}): correct --host.")
