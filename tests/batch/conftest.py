"""Gateways that are processes of their own, before one emulator; on SQLite or on a PostgreSQL of the test's own."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2
import openai
import pytest

from gigamost.core.secret import Secret
from gigamost.emulator import EmulatorSettings, Running, build
from gigamost.store.place import Postgres
from gigamost.store.schema import upgrade
from tests import services
from tests.batch.serving import KEY

LEASE = 2.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Replica:
    """One gateway: started, killed, started again at the same place."""

    def __init__(self, gigachat: Running, state: Path, url: str | None) -> None:
        self._gigachat = gigachat
        self._state = state
        self._url = url
        self._port = free_port()
        self._process: Process | None = None
        self.openai = openai.AsyncOpenAI(
            base_url=f"http://127.0.0.1:{self._port}/v1",
            api_key=KEY,
            max_retries=0,
            http_client=httpx2.AsyncClient(timeout=20),
        )

    async def start(self) -> None:
        gigachat = self._gigachat
        places = (str(self._port), gigachat.base_url, gigachat.auth_url, str(self._state), str(LEASE))
        program = (sys.executable, "-m", "tests.batch.serving", *places, *filter(None, [self._url]))
        self._process = await asyncio.create_subprocess_exec(*program, stdout=PIPE)
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            assert await self._process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        """As `kill -9` does."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def end(self) -> int:
        """As a service manager does."""
        assert self._process is not None
        self._process.terminate()
        return await self._process.wait()

    async def close(self) -> None:
        await self.openai.close()
        if self._process is not None and self._process.returncode is None:
            await self.kill()


class Replicas:
    """`gigachat` is the emulator before which they stand."""

    def __init__(self, gigachat: Running, state: Path, url: str | None, stack: AsyncExitStack) -> None:
        self.gigachat = gigachat
        self._state = state
        self._url = url
        self._stack = stack

    async def start(self) -> Replica:
        replica = Replica(self.gigachat, self._state, self._url)
        self._stack.push_async_callback(replica.close)
        await replica.start()
        return replica

    def script(self, directive: str, times: int) -> None:
        for _ in range(times):
            self.gigachat.app.script.next(directive)

    def asked(self) -> list[str]:
        """The last message of each chat request that the emulator took: what is one too many is refused unread, because
        replicas without Redis do not count their requests together."""
        taken = [seen.body for seen in self.gigachat.app.log.at("/chat/completions") if seen.body is not None]
        return [body["messages"][-1]["content"] for body in taken]


@pytest.fixture(params=["sqlite", "postgres"])
async def replicas(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        url = None
        if request.param == "postgres":
            name = f"gigamost_batch_{uuid4().hex[:12]}"
            server = await asyncpg.connect(services.postgres())
            stack.push_async_callback(server.close)
            await server.execute(f"CREATE DATABASE {name}")
            stack.push_async_callback(server.execute, f"DROP DATABASE {name} WITH (FORCE)")
            url = f"{services.postgres().rpartition('/')[0]}/{name}"
            await asyncio.to_thread(upgrade, Postgres(Secret(url)))
        gigachat = await stack.enter_async_context(Running(build(EmulatorSettings())))
        yield Replicas(gigachat, tmp_path, url, stack)
