"""A running emulator, and a client that knows its token."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from gigamost.emulator import COMPANY, Account, Emulator, EmulatorSettings, Running, Seen, build

MODEL = "GigaChat-2-Max"


class Api:
    """One account against one emulator. `authorize` first; `chat` sends one user message."""

    def __init__(self, running: Running, account: Account) -> None:
        self.running = running
        self.account = account
        self.http = httpx.AsyncClient(base_url=running.base_url, headers={"User-Agent": "test"}, verify=False)

    @property
    def app(self) -> Emulator:
        return self.running.app

    async def oauth(self, scope: str | None = None, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Basic {self.account.credentials}", "RqUID": str(uuid4())} | headers
        data = {"scope": self.account.scope if scope is None else scope}
        return await self.http.post(self.running.auth_url, data=data, headers=sent)

    async def authorize(self) -> "Api":
        token = (await self.oauth()).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        return self

    async def chat(self, text: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}
        return await self.http.post("/chat/completions", json=body, headers=headers)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A company's account: ten streams, no package to run out of."""
    async with serve(EmulatorSettings(), COMPANY) as made:
        yield made


@asynccontextmanager
async def serve(settings: EmulatorSettings, account: Account) -> AsyncIterator[Api]:
    async with Running(build(settings)) as running:
        made = Api(running, account)
        async with made.http:
            yield await made.authorize()


def frames(response: httpx.Response) -> list[dict[str, Any]]:
    """The JSON frames of a stream without `[DONE]`."""
    lines = [line.removeprefix("data: ") for line in response.text.split("\n") if line.startswith("data: ")]
    return [msgspec.json.decode(line) for line in lines if line != "[DONE]"]


def message(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    said: dict[str, Any] = response.json()["choices"][0]["message"]
    return said


def ended(serial: int) -> Callable[[Seen], bool]:
    """Fits the record of one request, once it is over."""
    return lambda seen: seen.serial == serial and seen.ending != "open"
