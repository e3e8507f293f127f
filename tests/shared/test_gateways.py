"""Whole gateways beside each other, before one GigaChat that counts: one OAuth call, never one request too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gigamost.cli.serving import Serving, serving
from gigamost.emulator import PERSON, EmulatorSettings, Running, build
from gigamost.server.run import listen
from tests.gateway.conftest import KEY, OTHER_KEY, settings_for
from tests.shared.conftest import until
from tests.shared.server import RedisServer

GATEWAYS = 3


class Site:
    def __init__(self, gigachat: Running, gateways: list[Serving], http: httpx2.AsyncClient) -> None:
        self.gigachat = gigachat
        self.gateways = gateways
        self.http = http

    async def chat(self, at: int) -> int:
        """One request to a gateway, in turns by two tenants. The status."""
        body: dict[str, Any] = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
        headers = {"Authorization": f"Bearer {(KEY, OTHER_KEY)[at % 2]}"}
        url = f"{self.gateways[at % GATEWAYS].base}/v1/chat/completions"
        return (await self.http.post(url, json=body, headers=headers)).status_code

    def modes(self) -> set[str]:
        return {str(each.gateway.health()["limits"]) for each in self.gateways}


@pytest.fixture
async def site(tmp_path: Path, frail: RedisServer) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        gigachat = await stack.enter_async_context(Running(build(EmulatorSettings())))
        gateways = []
        for number in range(GATEWAYS):
            folder = tmp_path / str(number)
            folder.mkdir()
            settings = settings_for(gigachat, folder, PERSON, redis_url=frail.url, replicas=GATEWAYS)
            gateways.append(await stack.enter_async_context(serving(settings, listen("127.0.0.1", 0))))
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=30))
        yield Site(gigachat, gateways, http)


async def test_one_place_at_gigachat_serves_three_gateways(site: Site) -> None:
    assert site.modes() == {"shared"}
    assert await asyncio.gather(*(site.chat(at) for at in range(30))) == [200] * 30
    seen = site.gigachat.app.log.at("/chat/completions")
    assert [each.status for each in seen] == [200] * 30  # GigaChat never had to refuse one
    assert len(site.gigachat.app.log.at("/oauth")) == 1


async def test_redis_dies_and_comes_back_under_load(site: Site, frail: RedisServer) -> None:
    async def load(at: int) -> int:
        await asyncio.sleep(at / 25)
        return await site.chat(at)

    requests = [asyncio.create_task(load(at)) for at in range(50)]
    await asyncio.sleep(0.4)
    frail.kill()
    await until(lambda: site.modes() == {"apart"}, 1)
    await asyncio.sleep(0.4)
    frail.start()
    await until(lambda: site.modes() == {"shared"}, 5)
    statuses = await asyncio.gather(*requests)
    # Apart from each other the three have three places for GigaChat's one: it may refuse some, for which we try again.
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 45
