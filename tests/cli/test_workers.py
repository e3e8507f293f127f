"""`serve --workers 2` as processes: one limit for both, a worker that is killed, signals, and a supervisor that is."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gigamost.emulator import COMPANY, Account, EmulatorSettings, Running, build
from tests.server.raw import Client, client
from tests.shared.server import RedisServer
from tests.store.postgres import database

MAIN = (sys.executable, "-c", "from gigamost.cli import main; main()")
MASTER = "the master key of the tests"
KEY = "gm-key-of-the-worker-tests"
NEW = Account("00000000-0000-4000-8000-00000000000d", "emulated-newcomer", "GIGACHAT_API_CORP", streams=200)
BIG = Account("00000000-0000-4000-8000-00000000000c", "emulated-company", "GIGACHAT_API_CORP", streams=200)


class Site:
    """The emulator, the files, and the supervisor with its workers."""

    def __init__(self, gigachat: Running, folder: Path, redis: RedisServer) -> None:
        self.gigachat = gigachat
        self.folder = folder
        self.lines: list[str] = []
        self.process: asyncio.subprocess.Process
        self._reader: asyncio.Task[None]
        self.port = 0
        self.http = httpx.AsyncClient(headers={"Authorization": f"Bearer {MASTER}"}, timeout=30)
        self.document: dict[str, Any] = {
            "master_key": MASTER,
            "state_dir": str(folder / "state"),
            "redis_url": redis.url.reveal(),
            "keys": [{"name": "one", "key": KEY}],
            "gigachat": {
                "base_url": gigachat.base_url,
                "auth_url": gigachat.auth_url,
                "credentials": [self.credential(BIG)],
            },
        }

    def credential(self, account: Account) -> dict[str, Any]:
        return {"name": "a", "key": account.credentials, "scope": account.scope, "max_connections": 200}

    async def start(self, **changes: Any) -> None:
        self.write(**changes)
        self.process = await asyncio.create_subprocess_exec(
            *MAIN,
            "serve",
            "--port=0",
            "--workers=2",
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"},
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read())
        self.port = int((await self.until(r"at http://127\.0\.0\.1:(\d+)$"))[1])
        await self.until(r"^ +workers ")
        self.http.base_url = httpx.URL(f"http://127.0.0.1:{self.port}")

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().rstrip())

    async def until(self, pattern: str, seconds: float = 40) -> re.Match[str]:
        """The first match in everything that was said."""
        end = time.monotonic() + seconds
        while True:
            found = next((found for line in self.lines if (found := re.search(pattern, line))), None)
            if found is not None:
                return found
            assert time.monotonic() < end, f"{pattern}: " + "\n".join(self.lines)
            await asyncio.sleep(0.02)

    def write(self, **changes: Any) -> None:
        self.document |= changes
        (self.folder / "draft").write_text(yaml.safe_dump(self.document))
        (self.folder / "draft").replace(self.folder / "gigamost.yaml")

    def workers(self) -> list[int]:
        """The living children; a zombie is one that nobody has buried."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    async def answered_by_both(self, key: str, status: int, requests: int = 20) -> None:
        """That each of so many connections of their own gets this status, soon."""
        async with asyncio.timeout(20):
            while {await self.status(key) for _ in range(requests)} != {status}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def status(self, key: str = KEY) -> int:
        """Over a connection of its own."""
        async with client(self.port) as peer:
            return (await peer.ask(chat("hi", key=key, stream=False))).status

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(60):
            code = await self.process.wait()
            await self._reader
            return code


def chat(text: str, *, key: str = KEY, stream: bool = True) -> bytes:
    body = json.dumps({"model": "GigaChat-2", "stream": stream, "messages": [{"role": "user", "content": text}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


Make = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start(tmp_path: Path, redis: RedisServer) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:
        gigachat = await stack.enter_async_context(Running(build(EmulatorSettings(accounts=(BIG, NEW)))))
        made: list[Site] = []

        async def start(**changes: Any) -> Site:
            made.append(Site(gigachat, tmp_path, redis))
            stack.push_async_callback(made[-1].http.aclose)
            await made[-1].start(**changes)
            return made[-1]

        yield start
        for site in made:
            if site.process.returncode is None:
                site.process.kill()  # its workers see that and end
                await site.ended()


async def begun_stream(stack: AsyncExitStack, site: Site, words: str = "long=200; delay=0.01") -> Client:
    peer = await stack.enter_async_context(client(site.port))
    peer.write(chat(f"[[emulator: {words}]] tell"))
    head = await asyncio.wait_for(peer.reader.readuntil(b"\r\n\r\n"), 30)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return peer


async def rest_of(peer: Client) -> bytes:
    """What is left of a stream, whether it was cut or not."""
    data = b""
    async with asyncio.timeout(40):
        while not data.endswith(b"\r\n0\r\n\r\n") and (piece := await peer.reader.read(65536)):
            data += piece
    return data


def is_whole(data: bytes) -> bool:
    return b"data: [DONE]" in data and b'"error"' not in data


def exists(pid: int) -> bool:
    """Not a dead one that nobody has buried either: those of a killed supervisor are this machine's to bury."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("place", ["sqlite", "postgres"])
async def test_two_workers_are_one_gateway(start: Make, place: str) -> None:
    """Limits, keys, credentials and settings are the same whichever worker is asked."""
    async with AsyncExitStack() as stack:
        changes = {}
        if place == "postgres":
            changes["database_url"] = (await stack.enter_async_context(database())).url.reveal()
        site = await start(**changes)
        assert len(site.workers()) == 2
        assert len([line for line in site.lines if line.startswith("Gigamost ")]) == 1
        made = await site.http.post("/admin/api/keys", json={"name": "k", "limits": {"rpm": 40}})
        key = made.json()["key"]
        await asyncio.sleep(2)  # the contract: known everywhere within two seconds
        statuses = await asyncio.gather(*(site.status(key) for _ in range(100)))
        assert (statuses.count(200), statuses.count(429)) == (40, 60)

        rotated = await site.http.post("/admin/api/upstreams/a/rotate", json={"key": NEW.credentials})
        assert rotated.status_code == 200, rotated.text
        await _until_only(site, NEW)
        rows = (await site.http.get("/admin/api/requests?limit=500")).json()["data"]
        assert len({row["id"] for row in rows}) == len(site.gigachat.app.log.at("/chat/completions"))
        site.write(keys=[{"name": "two", "key": "gm-another-key-of-the-tests"}])
        site.process.send_signal(signal.SIGHUP)
        await site.answered_by_both("gm-another-key-of-the-tests", 200)
        await site.answered_by_both(KEY, 401)
        await _until_only(site, NEW, "gm-another-key-of-the-tests")  # the rotated key is not in the file
        assert await site.end() == 0


async def _until_only(site: Site, account: Account, key: str = KEY) -> None:
    """Twenty requests in a row go out with this credential."""
    async with asyncio.timeout(20):
        while True:
            since = len(site.gigachat.app.log.at("/chat/completions"))
            assert {await site.status(key) for _ in range(20)} == {200}
            if {seen.client_id for seen in site.gigachat.app.log.at("/chat/completions")[since:]} == {
                account.client_id
            }:
                return


async def test_a_killed_worker_is_replaced_and_the_other_goes_on(start: Make) -> None:
    site = await start()
    async with AsyncExitStack() as stack:
        peers = [await begun_stream(stack, site) for _ in range(20)]
        ends = [asyncio.create_task(rest_of(peer)) for peer in peers]
        victim, other = site.workers()
        rotated = await site.http.post("/admin/api/upstreams/a/rotate", json={"key": NEW.credentials})
        assert rotated.status_code == 200
        os.kill(victim, signal.SIGKILL)
        await site.until(r"was killed by SIGKILL: another one is started in")
        assert {await site.status() for _ in range(10)} == {200}  # nobody waits for the one that is gone
        await site.until(r"worker \d is back: process \d+")
        now = site.workers()
        assert other in now
        assert victim not in now
        assert len(now) == 2
        ended = await asyncio.gather(*ends)
        of_other = 20 - sum(not is_whole(data) for data in ended)
        assert of_other == sum(map(is_whole, ended))
        assert 0 < of_other <= 20, "the worker that lived had no stream"
        await _until_only(site, NEW)  # the new one knows what was said before its time
    assert await site.end() == 0


async def test_live_streams_of_all_workers_finish(start: Make) -> None:
    """R2 with workers, and with a service manager that signals every process of the group."""
    site = await start()
    async with AsyncExitStack() as stack:
        peers = [await begun_stream(stack, site, "long=150; delay=0.01") for _ in range(60)]
        kept = await stack.enter_async_context(client(site.port))
        workers = site.workers()
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        site.process.send_signal(signal.SIGTERM)
        await site.until("draining")
        answer = await kept.ask(b"GET /health/ready HTTP/1.1\r\nHost: h\r\n\r\n")
        assert answer.status == 503
        ended = await asyncio.gather(*map(rest_of, peers))
        assert all(map(is_whole, ended))
        assert await site.ended() == 0
    assert not any(map(exists, workers))
    assert not any("Traceback" in line for line in site.lines)


async def test_a_second_signal_ends_at_once(start: Make) -> None:
    site = await start()
    async with AsyncExitStack() as stack:
        peer = await begun_stream(stack, site, "long=10000; delay=0.05")
        site.process.send_signal(signal.SIGINT)
        await site.until("draining")
        assert await site.end(signal.SIGINT) == 0
        assert not is_whole(await rest_of(peer))


async def test_workers_end_when_their_supervisor_is_killed(start: Make) -> None:
    site = await start()
    async with AsyncExitStack() as stack:
        peer = await begun_stream(stack, site, "long=100; delay=0.01")
        workers = site.workers()
        site.process.kill()
        await site.until("the supervisor is gone")
        assert is_whole(await rest_of(peer))
    async with asyncio.timeout(20):
        while any(map(exists, workers)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await site.ended() == -signal.SIGKILL


async def test_a_start_that_fails_is_said_once(tmp_path: Path, redis: RedisServer) -> None:
    """The workers have no schema to work with: no second one tries, and none is started again."""
    async with database(empty=True) as place:
        process = await asyncio.create_subprocess_exec(
            *MAIN,
            *("serve", "--port=0", "--workers=2"),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "GIGACHAT_CREDENTIALS": COMPANY.credentials,
                "GIGAMOST_DATABASE_URL": place.url.reveal(),
                "GIGAMOST_REDIS_URL": redis.url.reveal(),
            },
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 40)
    assert process.returncode == 1
    lines = output.decode().splitlines()
    assert len([line for line in lines if line.startswith("The database has no schema yet")]) == 1
    assert "gigamost db upgrade" in lines[-1]
    assert b"Traceback" not in output
