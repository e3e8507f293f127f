"""A real `gigamost serve` under signals: live streams finish, new requests are refused, the exit code tells."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gigamost.emulator import COMPANY, EmulatorSettings, Running, build
from tests.server.raw import Client, client

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio"])  # ours; the process has its own

KEY = "gm-key-of-the-drain-tests"
MAIN = (sys.executable, "-c", "from gigamost.cli import main; main()")


class Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0
        self.lines: list[str] = []

    async def until(self, pattern: str) -> re.Match[str]:
        """The first match in what is said on standard error or output from now on."""
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            while line := (await self._process.stdout.readline()).decode():
                self.lines.append(line.rstrip("\n"))
                if found := re.search(pattern, line):
                    return found
        raise AssertionError("\n".join(self.lines))

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """The exit code."""
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            self.lines += (await self._process.stdout.read()).decode().splitlines()
            return await self._process.wait()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self.ended()


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `serve` in front of an emulator, with nothing else configured, and a port of its own."""
    started: list[Process] = []
    async with Running(build(EmulatorSettings())) as gigachat:

        async def run(*arguments: str, **changes: str) -> Process:
            (tmp_path / "gigamost.yaml").write_text(f"keys: [{{name: one, key: {KEY}}}]\n")
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "GIGACHAT_BASE_URL": gigachat.base_url,
                "GIGACHAT_AUTH_URL": gigachat.auth_url,
                "GIGACHAT_CREDENTIALS": COMPANY.credentials,
                "GIGACHAT_SCOPE": COMPANY.scope,
                "GIGAMOST_STATE_DIR": str(tmp_path / "state"),
                **changes,
            }
            process = await asyncio.create_subprocess_exec(
                *MAIN,
                "serve",
                *(arguments or ("--port", "0")),
                env={name: value for name, value in environ.items() if value},
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            started.append(Process(process))
            return started[-1]

        yield run
        for each in started:
            await each.kill()


async def serving(start: Start, **changes: str) -> Process:
    process = await start(**changes)
    process.port = int((await process.until(r"at http://127\.0\.0\.1:(\d+)$"))[1])
    await process.until("configured")
    return process


def chat(text: str, *, stream: bool = True, target: str = "/v1/chat/completions") -> bytes:
    body = json.dumps({"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
    head = f"POST {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def live_stream(peer: Client, directives: str = "long=200; delay=0.005") -> None:
    """A stream that has begun and takes its time."""
    peer.write(chat(f"[[emulator: {directives}]]"))
    head = await asyncio.wait_for(peer.reader.readuntil(b"\r\n\r\n"), 20)
    assert head.startswith(b"HTTP/1.1 200 "), head


async def rest_of_stream(peer: Client) -> bytes:
    return await asyncio.wait_for(peer.reader.readuntil(b"\r\n0\r\n\r\n"), 20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_live_streams_finish_and_new_requests_are_refused(start: Start, number: signal.Signals) -> None:
    process = await serving(start)
    async with client(process.port) as first, client(process.port) as second, client(process.port) as kept:
        await live_stream(first)
        await live_stream(second)
        assert (await kept.ask(b"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n")).status == 200
        process.signal(number)
        await process.until("draining: 2 requests under way")
        answer = await kept.ask(b"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (answer.status, json.loads(answer.body)["status"]) == (503, "draining")
        async with client(process.port) as late:  # the listener is still open
            answer = await late.ask(chat("hello"))
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert int(answer.headers["retry-after"]) >= 1
            assert "error" in json.loads(answer.body)
            assert await late.rest() == b""
        for peer in (first, second):
            data = await rest_of_stream(peer)
            assert b"data: [DONE]" in data
            assert b'"error"' not in data
        assert await process.ended() == 0
    assert not any("Traceback" in line for line in process.lines)


async def test_what_is_written_is_read_though_the_client_is_slow(start: Start) -> None:
    """The process must not end before the last bytes have left it."""
    process = await serving(start)
    async with client(process.port) as peer:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport too
        peer.write(chat("[[emulator: long=300000]]", stream=False))
        await process.until("POST /v1/chat/completions 200")
        process.signal(signal.SIGTERM)
        await process.until("draining")
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        answer = await peer.answer()
        assert len(json.loads(answer.body)["choices"][0]["message"]["content"].split()) > 100_000
    assert await process.ended() == 0


async def test_a_second_signal_ends_at_once(start: Start) -> None:
    process = await serving(start)
    async with client(process.port) as peer:
        await live_stream(peer, "long=10000; delay=0.05")
        process.signal(signal.SIGTERM)
        await process.until("draining: 1 requests? under way")
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0
        assert b"[DONE]" not in await peer.rest()


async def test_an_idle_server_ends_quickly(start: Start) -> None:
    process = await serving(start)
    async with client(process.port) as peer:
        assert (await peer.ask(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")).status == 200
        begun = time.monotonic()
        process.signal(signal.SIGTERM)
        assert await process.ended() == 0
        assert time.monotonic() - begun < 3
        assert await peer.rest() == b""


async def test_a_taken_port_is_one_clear_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start("--port", str(port))
        assert await process.ended() == 1
    [line] = process.lines
    assert str(port) in line
    assert "--port" in line


async def test_missing_credentials_are_said_clearly(start: Start) -> None:
    process = await start(GIGACHAT_CREDENTIALS="")
    assert await process.ended() == 1
    assert 1 <= len(process.lines) <= 8
    assert "GIGACHAT_CREDENTIALS" in "\n".join(process.lines)


@pytest.mark.parametrize("form", ["console", "json"])
async def test_requests_are_logged_without_query_strings_or_keys(start: Start, form: str) -> None:
    process = await serving(start, GIGAMOST_LOG_FORMAT=form)
    async with client(process.port) as peer:
        assert (await peer.ask(chat("my secret prompt", target=f"/v1/chat/completions?key={KEY}&a=b"))).status == 200
        assert (await peer.ask(b"GET /v1/%0Anothing?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")).status in (401, 404)
    await process.until("POST /v1/chat/completions 200")
    line = process.lines[-1]
    process.signal(signal.SIGTERM)
    assert await process.ended() == 0
    if form == "json":
        logged = json.loads(line)
        assert logged["duration_ms"] > 0
        assert logged["bytes"] > 0
        assert len(logged["request_id"]) >= 16
    text = "\n".join(process.lines)
    for secret in (KEY, "a=b", "x=1", "my secret prompt", COMPANY.credentials):
        assert secret not in text


async def test_a_quiet_log(start: Start) -> None:
    process = await serving(start, GIGAMOST_LOG_LEVEL="warning")
    async with client(process.port) as peer:
        assert (await peer.ask(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")).status == 200
    process.signal(signal.SIGTERM)
    assert await process.ended() == 0
    assert not any("health" in line for line in process.lines[1:])
