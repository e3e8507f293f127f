"""Whole gateways tell what happens: budgets that requests spend, batches, upstreams; each thing once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import time
from typing import Any

import httpx
import openai
import pytest

from gigamost.config.settings import Webhook
from gigamost.core.secret import Secret
from gigamost.ledger.money import micros
from tests.gateway.conftest import IN_MEMORY, World, settings_for, world_of
from tests.store.postgres import database
from tests.telling.conftest import SECRET, Receiver, receiving, until

MASTER = "the master key of the tests"


class Site:
    """Gateways with one receiver, which the configuration names."""

    def __init__(self, worlds: list[World], receiver: Receiver) -> None:
        self.worlds = worlds
        self.world = worlds[0]
        self.receiver = receiver

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with httpx.AsyncClient(base_url=f"{self.world.base}/admin/api", timeout=20) as http:
            answer = await http.request(method, path, json=body, headers={"Authorization": f"Bearer {MASTER}"})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def look(self) -> None:
        """Every gateway at once."""
        for world in self.worlds:
            await world.gateway.gateway.front_desk.opening.ledger.drain()
        await asyncio.gather(*(world.gateway.gateway.telling.watch.look() for world in self.worlds))

    async def key(self, **budget: str) -> tuple[str, str]:
        """The id of a new key, and its text."""
        made = await self.call("POST", "/keys", {"name": "spender", "budget": {"period": "day", **budget}}, 201)
        return made["id"], made["key"]


@asynccontextmanager
async def site_of(tmp_path: Path, count: int = 1, **settings: Any) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving(time))
        hooks = (Webhook(url=receiver.url, secret=SECRET),)
        settings = {"webhooks": hooks, "webhooks_allow_private": True, "master_key": Secret(MASTER), **settings}
        worlds = []
        for number in range(count):
            folder = tmp_path / str(number)
            folder.mkdir()
            worlds.append(await stack.enter_async_context(world_of(folder, **settings)))
        for world in worlds:
            store = await world.gateway.gateway.telling.opening()
            async with asyncio.timeout(20):
                while not await store.webhooks.page("", 1):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        yield Site(worlds, receiver)


@pytest.fixture(params=["memory", "sqlite"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    where: dict[str, Any] = {"database_url": IN_MEMORY} if request.param == "memory" else {}
    async with site_of(tmp_path, **where) as made:
        yield made


async def ask(client: openai.AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]
    await client.chat.completions.create(model="GigaChat-2-Max", messages=messages, max_tokens=20)


async def test_a_soft_budget_is_told_and_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    id_, text = await site.key(amount="1000.00", soft="0.000001")
    await site.look()
    async with site.world.client(text) as client:
        await ask(client)
    await site.look()
    await until(lambda: site.receiver.kinds == ["budget.soft"])
    (told,) = site.receiver.told
    assert (told["data"]["id"], told["data"]["name"], told["tenant_id"]) == (id_, "spender", "default")
    assert (told["data"]["soft"], told["data"]["amount"]) == ("0.000001", "1000.00")
    assert f"the day budget of the key 'spender' ({id_}) is over its soft limit" in caplog.text


async def test_how_a_budget_stands(site: Site) -> None:
    id_, text = await site.key(amount="1000.00", soft="900.00")
    path = f"/keys/{id_}/budget"
    before = await site.call("GET", path)
    assert (before["spent"], before["reserved"], before["left"]) == ("0.00", "0.00", "1000.00")
    async with site.world.client(text) as client:
        await ask(client)
    await site.look()
    after = await site.call("GET", path)
    assert (after["reserved"], after["budget"]["soft"]) == ("0.00", "900.00")
    assert 0 < micros(after["spent"]) == micros("1000.00") - micros(after["left"])
    assert after["began_at"] < after["ends_at"]
    assert set((await site.call("GET", "/tenants/default/budget")).values()) == {None}
    await site.call("GET", "/keys/nobody/budget", status=404)
    await site.call("GET", "/tenants/nobody/budget", status=404)


async def test_a_refused_request_tells_of_its_budget(site: Site) -> None:
    id_, text = await site.key(amount="0.000001")
    async with site.world.client(text) as client:
        for _ in range(2):
            with pytest.raises(openai.RateLimitError):
                await ask(client)
            await site.look()
    await until(lambda: site.receiver.kinds == ["budget.hard"])
    assert site.receiver.told[0]["data"]["id"] == id_


async def test_a_batch_is_told_once_and_can_be_read_then(site: Site) -> None:
    line = (
        b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions",'
        b'"body":{"model":"GigaChat-2","messages":[{"role":"user","content":"hi"}]}}'
    )
    client = site.world.openai
    for data in (line, b"no json"):
        file = await client.files.create(file=("in.jsonl", data), purpose="batch")
        await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    await until(lambda: len(site.receiver.told) == 2, 30)
    told = {each["data"]["outcome"]: each for each in site.receiver.told}
    assert set(told) == {"completed", "failed"}
    done = told["completed"]
    assert (done["type"], done["tenant_id"], done["data"]["succeeded"]) == ("batch.done", "first", 1)
    assert (await client.batches.retrieve(done["data"]["id"])).status == "completed"


async def test_a_dead_upstream_is_told_and_its_return(site: Site) -> None:
    site.world.gateway.gateway.telling.watch.steady = 0.5
    site.world.script(*["status=500"] * 40)
    for _ in range(12):
        with pytest.raises(openai.InternalServerError):
            await ask(site.world.openai)
    await site.look()
    await site.look()
    await until(lambda: site.receiver.kinds == ["upstream.down"])
    while len(site.world.gigachat.app.script):
        site.world.gigachat.app.script.take("/chat/completions")
    async with asyncio.timeout(30):
        while site.receiver.kinds != ["upstream.down", "upstream.up"]:
            await ask(site.world.openai)
            await site.look()


async def test_settings_that_change_while_it_runs(site: Site, tmp_path: Path) -> None:
    gateway = site.world.gateway.gateway
    store = await gateway.telling.opening()
    async with receiving(time) as other:
        changed = settings_for(
            site.world.gigachat, tmp_path, webhooks=(Webhook(url=other.url, secret=SECRET, events=("budget.hard",)),)
        )
        gateway.telling.adopt(changed)
        async with asyncio.timeout(20):
            while [each.url for each in await store.webhooks.page("", 9)] != [other.url]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        _, text = await site.key(amount="0.000001", soft="0.00")
        async with site.world.client(text) as client:
            with pytest.raises(openai.RateLimitError):
                await ask(client)
        await site.look()
        await until(lambda: other.kinds == ["budget.hard"])
    assert site.receiver.told == []


async def test_two_gateways_on_one_postgres_tell_a_crossing_once(tmp_path: Path) -> None:
    async with (
        database() as place,
        site_of(tmp_path, 2, database_url=place.url) as site,
    ):
        _, text = await site.key(amount="1000.00", soft="0.000001")
        rings = [world.gateway.gateway.access.ring for world in site.worlds]
        await until(lambda: all(ring.roll.keys for ring in rings))
        async with site.worlds[1].client(text) as client:
            await ask(client)
        for _ in range(3):
            await site.look()
        await until(lambda: site.receiver.kinds == ["budget.soft"])
        store = await site.world.gateway.gateway.telling.opening()
        async with asyncio.timeout(20):
            while await store.deliveries.waiting():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert site.receiver.kinds == ["budget.soft"]
