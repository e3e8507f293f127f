"""Gateways (`gigamost serve`) and the GigaChat before which they stand, each a process that tests end by its id."""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.reliability.gigachat import ACCOUNTS, STREAMS
from tests.services import free_port

MASTER = "the master key of the tests"
KEY = "gm-key-of-the-reliability-tests"
SECRET = "root secret of the reliability tests"
PATIENCE = 60.0  # seconds after which a test counts as stuck
_MAIN = ("-c", "from gigamost.cli import main; main()")


class GigaChat:
    def __init__(self, process: Process, base_url: str, auth_url: str) -> None:
        self.process = process
        self.base_url = base_url
        self.auth_url = auth_url
        self._turn = asyncio.Lock()

    async def say(self, *words: object) -> Any:
        """One command of `tests.reliability.gigachat`, and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        async with self._turn, asyncio.timeout(PATIENCE):
            self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
            return json.loads(await self.process.stdout.readline())


@asynccontextmanager
async def gigachat(lifetime: float = 1800.0) -> AsyncIterator[GigaChat]:
    program = (sys.executable, "-m", "tests.reliability.gigachat", str(lifetime))
    process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            base_url, auth_url = json.loads(await process.stdout.readline())
        yield GigaChat(process, base_url, auth_url)
    finally:
        process.kill()
        await process.wait()


class Gateway:
    """Started, killed, and started again at the same place. `output` is the file with all that it says."""

    def __init__(self, folder: Path, environ: Mapping[str, str], skew: float = 0.0) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output"
        self._folder = folder
        self._environ = environ
        self._skew = skew
        self._process: Process | None = None

    async def start(self) -> None:
        program = ("-m", "tests.reliability.skewed", str(self._skew)) if self._skew else _MAIN
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *program, "serve", "--port", str(self.port),
                env=dict(self._environ), cwd=self._folder, stdout=output, stderr=STDOUT,
            )  # fmt: skip
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
            while True:
                assert self._process.returncode is None, self.said()
                try:
                    if (await http.get(f"{self.base}/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self) -> int:
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    async def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def health(self) -> Any:
        async with httpx.AsyncClient(timeout=10) as http:
            return (await http.get(f"{self.base}/health", headers={"Authorization": f"Bearer {MASTER}"})).json()


class Site:
    """Gateways of one operator. Each has a state folder of its own, as on a machine of its own."""

    def __init__(self, folder: Path, upstream: GigaChat, **changes: str) -> None:
        self._folder = folder
        self._upstream = upstream
        self._changes = changes
        self.gateways: list[Gateway] = []

    async def start(self, count: int, skews: tuple[float, ...] = ()) -> list[Gateway]:
        made = [self._make(skews[at] if skews else 0.0, count) for at in range(count)]
        self.gateways += made
        await asyncio.gather(*(gateway.start() for gateway in made))
        return made

    def _make(self, skew: float, count: int) -> Gateway:
        folder = self._folder / f"gateway-{len(list(self._folder.glob('gateway-*')))}"
        folder.mkdir()
        (folder / "gigamost.yaml").write_text(f"keys: [{{name: configured, key: {KEY}, tenant: default}}]\n")
        environ = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SSL_CERT_FILE") if name in os.environ},
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(Path.cwd())])),
            "GIGACHAT_BASE_URL": self._upstream.base_url,
            "GIGACHAT_AUTH_URL": self._upstream.auth_url,
            "GIGACHAT_CREDENTIALS": ACCOUNTS[0].credentials,
            "GIGACHAT_SCOPE": ACCOUNTS[0].scope,
            "GIGACHAT_MAX_CONNECTIONS": str(STREAMS),
            "GIGAMOST_STATE_DIR": str(folder / "state"),
            "GIGAMOST_MASTER_KEY": MASTER,
            "GIGAMOST_SECRET_KEY": SECRET,
            "GIGAMOST_REPLICAS": str(count),
            **self._changes,
        }
        return Gateway(folder, environ, skew)

    async def close(self) -> None:
        await asyncio.gather(*(gateway.kill() for gateway in self.gateways))

    async def key(self, **terms: Any) -> tuple[str, str]:
        """A new key of the administration API, known to every gateway: its id, and the key."""
        headers = {"Authorization": f"Bearer {MASTER}"}
        async with httpx.AsyncClient(timeout=20, headers=headers) as http:
            made = await http.post(f"{self.gateways[0].base}/admin/api/keys", json={"name": "k", **terms})
            assert made.status_code == 201, made.text
            key: str = made.json()["key"]
            own = {"Authorization": f"Bearer {key}"}
            async with asyncio.timeout(PATIENCE):
                for gateway in self.gateways:
                    # A wrong method is told after authentication and before a limit counts anything.
                    while (await http.put(f"{gateway.base}/v1/chat/completions", headers=own)).status_code == 401:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
            return made.json()["id"], key


@asynccontextmanager
async def site(folder: Path, upstream: GigaChat, **changes: str) -> AsyncIterator[Site]:
    made = Site(folder, upstream, **changes)
    try:
        yield made
    finally:
        await made.close()


def tracebacks(gateways: list[Gateway]) -> list[str]:
    return [line for gateway in gateways for line in re.findall(r"^Traceback.*$", gateway.said(), re.MULTILINE)]
