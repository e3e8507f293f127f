"""Gateways with root secrets of their own choice, in front of one emulator and one database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from gigamost.auth.root import new_secret
from gigamost.cli.serving import serving
from gigamost.core.directory import Directory
from gigamost.core.secret import Secret
from gigamost.core.tenancy import Key
from gigamost.emulator import COMPANY, EmulatorSettings, Running, build
from gigamost.server.run import listen
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door
from gigamost.store.place import Place, Postgres
from tests.backup.filled import ready
from tests.gateway.conftest import settings_for
from tests.store.servers import empty

MASTER: Final = "the master key of the tests"
OLD, NEW = Secret("a root secret that somebody chose once"), new_secret()
CHAT: Final = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}


class Gateway:
    def __init__(self, base: str) -> None:
        self.http = httpx.AsyncClient(base_url=base, timeout=20)

    async def key(self, name: str = "k", **terms: Any) -> dict[str, Any]:
        made = await self.http.post("/admin/api/keys", json={"name": name, **terms}, headers=bearer(MASTER))
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def ask(self, key: str, path: str = "/v1/chat/completions") -> int:
        return (await self.http.post(path, json=CHAT, headers=bearer(key))).status_code

    async def token(self, key: str) -> str:
        answer = await self.http.post("/gigachat/api/v2/oauth", headers=bearer(key))
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    async def upload(self, key: str) -> str:
        file = {"file": ("notes.txt", b"a bridge over a river", "text/plain")}
        answer = await self.http.post("/v1/files", data={"purpose": "assistants"}, files=file, headers=bearer(key))
        assert answer.status_code == 200, answer.text
        made: str = answer.json()["id"]
        return made

    async def files(self, key: str) -> list[str]:
        answer = await self.http.get("/v1/files", headers=bearer(key))
        assert answer.status_code == 200, answer.text
        return [each["filename"] for each in answer.json()["data"]]

    async def file(self, key: str, file: str) -> tuple[int, bytes]:
        answer = await self.http.get(f"/v1/files/{file}/content", headers=bearer(key))
        return answer.status_code, answer.content


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class Site:
    """`gateway` starts one that knows these secrets, the current one first."""

    def __init__(self, gigachat: Running, folder: Path, place: Place) -> None:
        self._gigachat = gigachat
        self._folder = folder
        self.place = place

    @asynccontextmanager
    async def gateway(self, *secrets: Secret, **changes: Any) -> AsyncIterator[Gateway]:
        where = self.place.url if isinstance(self.place, Postgres) else Secret(f"sqlite:///{self.place}")
        settings = settings_for(
            self._gigachat,
            self._folder,
            COMPANY,
            master_key=Secret(MASTER),
            secret_key=secrets[0],
            former_secret_keys=secrets[1:],
            database_url=where,
            **changes,
        )
        async with AsyncExitStack() as stack:
            served = await stack.enter_async_context(serving(settings, listen("127.0.0.1", 0)))
            gateway = Gateway(served.base)
            stack.push_async_callback(gateway.http.aclose)
            yield gateway

    async def stored(self) -> list[Key]:
        async with self._directory() as directory:
            return [*(await directory.roll()).keys]

    async def renewals(self) -> int:
        async with self._directory() as directory:
            return sum(each.action == "key.renew" for each in await directory.audit.page("", 500))

    async def until_renewed(self, root: str) -> None:
        """Within some seconds every key hangs on that secret."""
        async with asyncio.timeout(20), self._directory() as directory:
            while {key.root for key in (await directory.roll()).keys} != {root}:  # noqa: ASYNC110 (nothing says so)
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def _directory(self) -> AsyncIterator[Directory]:
        door = Door(self.place)
        opening = DirectoryOpening(door)
        try:
            yield await opening()
        finally:
            opening.close()
            await door.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | Postgres]:
    if request.param == "sqlite":
        yield tmp_path / "state.db"
        return
    with empty() as made:
        ready(made)
        yield made


@pytest.fixture
async def site(place: Place, tmp_path: Path) -> AsyncIterator[Site]:
    async with Running(build(EmulatorSettings())) as gigachat:
        yield Site(gigachat, tmp_path, place)
