"""Listening on a port, and what to say when that cannot be."""

import errno
import socket
import sys

from gigamost.cli.terminal import CommandError
from gigamost.server.run import listen


def listener_on(host: str, port: int) -> socket.socket:
    """Raises CommandError that says why nothing can listen there."""
    try:
        return listen(host, port)
    except OSError as error:
        raise unavailable(host, port, error) from error


class SharedPort:
    """A port for several processes, each with a listener of its own where the kernel shares connections fairly (Linux);
    elsewhere with copies of one. Where processes accept from one socket, whichever wakes first takes a whole burst.

    Raises CommandError that says why nothing can listen there.
    """

    def __init__(self, host: str, port: int) -> None:
        # Without its sharing first: another program that listens there must be noticed.
        self._held = listener_on(host, port)
        self._host, self._port = host, int(self._held.getsockname()[1])
        self._is_split = sys.platform == "linux"
        if self._is_split:
            self._held.close()
            self._held = socket.socket(self._held.family, socket.SOCK_STREAM)
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._held.bind((host, self._port))  # held, not listened on, while no process is there

    def listener(self) -> socket.socket:
        """For one more process."""
        return listen(self._host, self._port, with_others=True) if self._is_split else self._held.dup()

    def release(self) -> None:
        self._held.close()


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
