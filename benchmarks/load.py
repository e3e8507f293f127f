"""The load: one request, sent again and again over connections that stay open. Prints what it cost as JSON.

    python -m benchmarks.load PORT --pid PID --body FILE --requests 2000 --connections 16 --expect TEXT

Every answer must be a 200 that contains the expected text, or the run fails: a quick error is no result.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.processes import BenchError, Running, cpu_time
from benchmarks.scenarios import Scenario

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LAST_PIECE = b"\r\n0\r\n\r\n"


class Round:
    """A number of requests to make, shared by all connections. `over` is done when every answer has come."""

    def __init__(self, requests: int, expect: bytes) -> None:
        self.unsent = self.unanswered = requests
        self.expect = expect
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, head: bytes, body: bytes) -> None:
        self.unanswered -= 1
        if not head.startswith(b"HTTP/1.1 200 ") or self.expect not in body:
            self.failed(f"unexpected answer: {head[:200]!r} {body[:300]!r}")
        elif not self.unanswered and not self.over.done():
            self.over.set_result(None)

    def failed(self, why: str) -> None:
        if not self.over.done():
            self.over.set_exception(RuntimeError(why))


class Connection(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._round: Round | None = None
        self._received = b""
        self._body = -1  # where the body begins; -1 while the head is not whole
        self._end = -1  # where it ends; -1 when it comes in pieces

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of a Transport, not its class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._round is not None:
            self._round.failed(f"the connection was closed: {exc!r}")

    def begin(self, to_do: Round) -> None:
        self._round = to_do
        self._send()

    def close(self) -> None:
        self._round = None
        self._transport.close()

    def _send(self) -> None:
        assert self._round is not None
        if self._round.unsent:
            self._round.unsent -= 1
            self._received, self._body, self._end = b"", -1, -1
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._body < 0:
            at = self._received.find(b"\r\n\r\n")
            if at < 0:
                return
            self._body = at + 4
            length = _LENGTH.search(self._received, 0, at)
            self._end = self._body + int(length[1]) if length else -1
        if len(self._received) >= self._end if self._end >= 0 else self._received.endswith(_LAST_PIECE):
            assert self._round is not None
            self._round.answered(self._received[: self._body], self._received[self._body :])
            self._send()


def request_bytes(port: int, path: str, body: bytes, key: str) -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: gigamost-bench\r\nAccept: */*\r\n"
        f"{authorization}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def measure(arguments: argparse.Namespace, body: bytes) -> dict[str, float]:
    """CPU and wall time in microseconds per request, after two requests on every connection to warm up."""
    request = request_bytes(arguments.port, arguments.path, body, arguments.key)
    expect = arguments.expect.encode()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(request), "127.0.0.1", arguments.port)
        for _ in range(arguments.connections)
    ]
    connections = [connection for _, connection in opened]
    await _run(connections, Round(2 * len(connections), expect))
    cpu, wall = cpu_time(arguments.pid), time.monotonic_ns()
    await _run(connections, Round(arguments.requests, expect))
    cpu, wall = cpu_time(arguments.pid) - cpu, time.monotonic_ns() - wall
    for connection in connections:
        connection.close()
    return {"cpu_us": cpu / 1000 / arguments.requests, "wall_us": wall / 1000 / arguments.requests}


async def _run(connections: list[Connection], to_do: Round) -> None:
    for connection in connections:
        connection.begin(to_do)
    await to_do.over


def put(scenario: Scenario, target: Running, folder: Path, key: str, requests: int | None = None) -> float:
    """Microseconds of the target's CPU per request. Raises BenchError when an answer is not the expected one."""
    body = folder / "request.json"
    body.write_bytes(scenario.body)
    command = [sys.executable, "-m", "benchmarks.load", str(target.port), "--pid", str(target.pid)]
    command += ["--body", str(body), "--requests", str(requests or scenario.requests)]
    command += ["--connections", str(scenario.connections), "--expect", scenario.expect, "--key", key]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{target.name}, {scenario.name}: {done.stderr.strip()[-2000:]}")
    cost: float = json.loads(done.stdout)["cpu_us"]
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description="Sends one request again and again and counts its cost.")
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int, required=True, help="the process whose CPU time counts")
    parser.add_argument("--body", required=True, help="file with the request's JSON")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--path", default="/v1/chat/completions")
    parser.add_argument("--expect", default="", help="text that every answer must contain")
    parser.add_argument("--key", default="", help="client key")
    parser.add_argument("--limit", type=float, default=120, help="seconds that the run may take")
    arguments = parser.parse_args()
    body = Path(arguments.body).read_bytes()
    try:
        print(json.dumps(uvloop.run(asyncio.wait_for(measure(arguments, body), arguments.limit))))
    except (RuntimeError, OSError, TimeoutError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
