"""Starting, watching and stopping the processes of the benchmark, each by its own pid."""

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


@dataclass(frozen=True)
class Running:
    """A started server. `started` is seconds from spawn to the first 200."""

    name: str
    pid: int
    port: int
    started: float

    @property
    def resident(self) -> float:
        """VmRSS in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6


def cpu_time(pid: int) -> int:
    """Nanoseconds of CPU that all threads of a process have used, those that ended too.

    The clock's number is clock_getcpuclockid(3) written out: the C library has it, Python does not.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    name: str, command: Sequence[str], port: int, path: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Starts `command` in `folder` and waits for a 200 of `path`; stops it at the end. Raises BenchError."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        spawned = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            _wait(process, port, path, log)
            yield Running(name, process.pid, port, time.monotonic() - spawned)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, path: str, log: Path, limit: float = 30) -> None:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if process.poll() is not None:
            raise BenchError(f"{log.stem} ended with code {process.returncode}:\n{log.read_text()[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)
        finally:
            connection.close()
    raise BenchError(f"{log.stem} did not answer {path} within {limit:.0f} s:\n{log.read_text()[-2000:]}")
