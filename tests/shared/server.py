"""A Redis server of the tests' own, which can be paused and killed."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from gigamost.core.secret import Secret
from tests import services


class RedisServer:
    """Started by `with`. Nothing is kept on the disk, so that a restarted one has forgotten everything."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.port = port or services.free_port()
        self.url = Secret(f"redis://127.0.0.1:{self.port}/0")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def at(cls, port: int) -> "RedisServer":
        """One that somebody else runs."""
        return cls(Path(), port)

    def start(self) -> None:
        program = services.program("redis-server", "redis-server")
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                if self.say("PING").startswith(b"+PONG"):
                    return
            except OSError:
                time.sleep(0.01)
        raise AssertionError("redis-server does not answer")

    def say(self, *words: str) -> bytes:
        """One command, and the beginning of what Redis answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            encoded = [word.encode() for word in words]
            body = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)
            connection.sendall(b"*%d\r\n%b" % (len(encoded), body))
            return connection.recv(65536)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
