"""Whole gateways with one cache: what one has asked the other knows, and Redis never learns what it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import openai
import pytest
from redis.asyncio import Redis

from gigamost.cli.serving import Serving, serving
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, EmulatorSettings, Running, build
from gigamost.server.run import listen
from tests.gateway.conftest import IN_MEMORY, settings_for
from tests.shared.server import RedisServer

MASTER = "the master key of the tests"
MODEL = "GigaChat-2"
CANARY = "a-canary-that-nobody-may-see"


class Site:
    def __init__(self, gigachat: Running, clients: list[openai.AsyncOpenAI]) -> None:
        self.gigachat = gigachat
        self.clients = clients

    async def ask(self, at: int, text: str, **more: Any) -> tuple[str, str]:
        """What a gateway's headers said of the cache, and its answer."""
        messages: Any = [{"role": "user", "content": text}]
        raw: Any = await self.clients[at].chat.completions.with_raw_response.create(
            model=MODEL, messages=messages, **more
        )
        return raw.headers["x-gigamost-cache"], raw.parse().choices[0].message.content

    async def until_shared(self, text: str) -> None:
        """Until both have the answer from the cache."""
        async with asyncio.timeout(10):
            while [(await self.ask(at, text))[0] for at in range(2)] != ["hit", "hit"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def _client(gateway: Serving, stack: AsyncExitStack) -> openai.AsyncOpenAI:
    headers = {"Authorization": f"Bearer {MASTER}"}
    async with httpx.AsyncClient(base_url=f"{gateway.base}/admin/api", headers=headers) as http:
        made = (await http.post("/keys", json={"name": "one", "defaults": {"cache_seconds": 600}})).json()
    client = openai.AsyncOpenAI(base_url=f"{gateway.base}/v1", api_key=made["key"], max_retries=0)
    return await stack.enter_async_context(client)


@pytest.fixture
async def site(tmp_path: Path, frail: RedisServer) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        gigachat = await stack.enter_async_context(Running(build(EmulatorSettings())))
        clients = []
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            settings = settings_for(
                gigachat,
                folder,
                COMPANY,
                redis_url=frail.url,
                replicas=2,
                database_url=IN_MEMORY,
                master_key=Secret(MASTER),
            )
            gateway = await stack.enter_async_context(serving(settings, listen("127.0.0.1", 0)))
            clients.append(await _client(gateway, stack))
        yield Site(gigachat, clients)


async def test_one_gateway_answers_what_another_was_asked(site: Site) -> None:
    header, answer = await site.ask(0, "one two three")
    assert header == "miss"
    await site.until_shared("one two three")
    assert await site.ask(1, "one two three") == ("hit", answer)
    assert len(site.gigachat.app.log.at("/chat/completions")) <= 2  # it may be asked before Redis has the answer


async def test_nothing_is_in_redis_in_clear(site: Site, frail: RedisServer) -> None:
    """S4 and S5: neither the question nor the answer, whatever Redis keeps."""
    text = f"Say '{CANARY}' and nothing else"
    assert CANARY in (await site.ask(0, text))[1]
    await site.until_shared(text)
    async with Redis.from_url(frail.url.reveal()) as raw:
        names = [name async for name in raw.scan_iter("*")]
        kept = b"".join([name + (await raw.dump(name) or b"") for name in names])
    assert sum(b"cache:" in name for name in names) == 1
    assert CANARY.encode() not in kept
    assert b"default" not in b"".join(name for name in names if b"cache" in name)  # nor whose it is


async def test_redis_away_is_a_miss_and_no_more(site: Site, frail: RedisServer) -> None:
    await site.ask(0, "hi")
    await site.until_shared("hi")
    frail.pause()
    try:
        for _ in range(5):
            began = monotonic()
            assert (await site.ask(1, "hi"))[0] == "miss"
            assert monotonic() - began < 2
    finally:
        frail.resume()
    await site.until_shared("hi")
