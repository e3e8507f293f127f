"""A gateway in front of an emulator, asked by the official client: over a real socket, and inside this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import openai
import pytest

from gigamost.cli.serving import serving
from gigamost.config import ClientKey, Credential, GigaChat, Settings
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, Account, EmulatorSettings, Running, Seen, build
from gigamost.server.run import listen, loop_factory


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop that `serve` has."""
    return {"serve": loop_factory()}


KEY = "gm-test-key-of-the-first-tenant"
OTHER_KEY = "gm-test-key-of-another-tenant"
PASS_KEY = "gm-test-key-that-passes-tokens"
KEYS = (
    ClientKey(name="first", key=Secret(KEY), tenant="first"),
    ClientKey(name="other", key=Secret(OTHER_KEY), tenant="other"),
    ClientKey(name="pass", key=Secret(PASS_KEY), tenant="pass", pass_token=True),
)


class World:
    """`gigachat` is the emulator, `base` where the gateway listens, `openai` a client of the first tenant."""

    def __init__(self, gigachat: Running, base: str, asgi: Any, gateway: Any) -> None:
        self.gigachat = gigachat
        self.base = base
        self.gateway = gateway
        self.asgi = asgi
        self.openai = self.client()

    def client(self, key: str = KEY, *, in_process: bool = False, **options: Any) -> openai.AsyncOpenAI:
        transport = httpx2.ASGITransport(self.asgi) if in_process else None
        http = httpx2.AsyncClient(transport=transport, timeout=20)
        base = "http://127.0.0.1" if in_process else self.base
        return openai.AsyncOpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0, http_client=http, **options)

    @property
    def seen(self) -> list[Seen]:
        """The chat requests that the emulator saw."""
        return self.gigachat.app.log.at("/chat/completions")

    @property
    def sent(self) -> dict[str, Any]:
        """The body of the last chat request that the emulator saw."""
        body: dict[str, Any] = self.seen[-1].body
        return body

    def script(self, *directives: str) -> None:
        """What the emulator does with the next chat requests, one each."""
        for directive in directives:
            self.gigachat.app.script.next(directive)


def settings_for(emulator: Running, state: Path, *accounts: Account, **changes: Any) -> Settings:
    pool = tuple(
        Credential(
            name=f"account-{at}",
            key=Secret(account.credentials),
            scope=account.scope,
            base_url=emulator.base_url,
            auth_url=emulator.auth_url,
            max_connections=account.limit,
        )
        for at, account in enumerate(accounts)
    )
    gigachat = GigaChat(base_url=emulator.base_url, auth_url=emulator.auth_url, timeout=5, pool=pool)
    settings = Settings(state_dir=state, keys=KEYS, gigachat=gigachat, secret_key=Secret("root secret of the tests"))
    return msgspec.structs.replace(settings, **changes)


@asynccontextmanager
async def world_of(
    state: Path, *accounts: Account, emulator: EmulatorSettings | None = None, **changes: Any
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(Running(build(emulator or EmulatorSettings())))
        settings = settings_for(running, state, *(accounts or (COMPANY,)), **changes)
        gateway = await stack.enter_async_context(serving(settings, listen("127.0.0.1", 0)))
        world = World(running, gateway.base, gateway.gateway.asgi, gateway)
        stack.push_async_callback(world.openai.close)
        yield world


IN_MEMORY = Secret("sqlite://")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """What it keeps is in memory: a new database costs more than most tests."""
    async with world_of(tmp_path, database_url=IN_MEMORY) as made:
        yield made


@pytest.fixture(params=["socket", "in process"])
async def client(world: World, request: pytest.FixtureRequest) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official client, over a real socket and inside this process."""
    async with world.client(in_process=request.param == "in process") as made:
        yield made
