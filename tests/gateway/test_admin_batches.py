"""Batches as administrators see them: those of every tenant, and their end before time, beside the official client."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from gigamost.core.secret import Secret
from tests.gateway.conftest import KEY, OTHER_KEY, World, world_of

MASTER = "the master key of the tests"
PATH: Final = "/v1/chat/completions"


class Office:
    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self._http = http

    async def batch(self, key: str, lines: int = 2) -> Any:
        """Begun by OpenAI's client."""
        body = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
        asked = [{"custom_id": f"c{at}", "method": "POST", "url": PATH, "body": body} for at in range(lines)]
        data = msgspec.json.Encoder().encode_lines(asked)
        async with self.world.client(key) as client:
            file = await client.files.create(file=("in.jsonl", data), purpose="batch")
            return await client.batches.create(input_file_id=file.id, endpoint=PATH, completion_window="24h")

    async def call(self, method: str, path: str, status: int = 200) -> Any:
        answer = await self._http.request(method, f"/admin/api/batches{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def listed(self, query: str = "") -> list[str]:
        return [each["id"] for each in (await self.call("GET", f"?{query}"))["data"]]

    async def until(self, batch: str, state: str) -> Any:
        while (found := await self.call("GET", f"/{batch}"))["state"] != state:  # noqa: ASYNC110 - administrators poll
            await asyncio.sleep(0.02)
        return found

    async def audited(self) -> list[tuple[str, str]]:
        answer = (await self._http.get("/admin/api/audit")).json()
        return [(each["action"], each["target"]) for each in answer["data"]]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    headers = {"Authorization": f"Bearer {MASTER}"}
    async with (
        world_of(tmp_path, master_key=Secret(MASTER)) as world,
        httpx.AsyncClient(base_url=world.base, headers=headers, timeout=20) as http,
    ):
        yield Office(world, http)


async def test_batches_of_every_tenant_are_listed(office: Office) -> None:
    first, second, third = [(await office.batch(key)).id for key in (KEY, OTHER_KEY, KEY)]
    for each in (first, second, third):
        done = await office.until(each, "completed")
    assert set(await office.listed()) == {first, second, third}
    assert set(await office.listed("tenant=first")) == {first, third}
    assert await office.listed("tenant=other&state=completed") == [second]
    assert await office.listed("tenant=nobody") == await office.listed("state=running") == []
    assert done["items"] == {
        "total": 2,
        "waiting": 0,
        "running": 0,
        "succeeded": 2,
        "failed": 0,
        "cancelled": 0,
        "expired": 0,
    }
    assert (done["kind"], done["tenant_id"], done["key_name"], done["path"]) == ("openai", "first", "first", PATH)
    assert done["created_at"] <= done["started_at"] <= done["ended_at"] < done["expires_at"]
    assert done["completion_tokens"] > 0
    assert "hi" not in done.values()


async def test_pages(office: Office) -> None:
    made = {(await office.batch(KEY)).id for _ in range(5)}
    seen, cursor = [], ""
    while True:
        page = await office.call("GET", f"?limit=2&cursor={cursor}")
        seen += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert (set(seen), len(seen)) == (made, 5)


async def test_a_batch_is_cancelled_and_its_client_sees_it(office: Office) -> None:
    office.world.script(*["stall_before=0.5"] * 9)
    batch = await office.batch(KEY, 30)
    await office.until(batch.id, "running")
    while not office.world.seen:  # noqa: ASYNC110 - the emulator has no event for it
        await asyncio.sleep(0.01)
    cancelling = await office.call("POST", f"/{batch.id}/cancel")
    assert cancelling["state"] == "cancelling"
    assert cancelling["cancelling_at"] is not None
    ended = await office.until(batch.id, "cancelled")
    assert ended["items"]["cancelled"] > 0
    assert ended["items"]["succeeded"] == len(office.world.seen) < 30
    async with office.world.client(KEY) as client:
        assert (await client.batches.retrieve(batch.id)).status == "cancelled"
    assert "cancelled" in (await office.call("POST", f"/{batch.id}/cancel", 400))["error"]["message"]
    assert await office.audited() == [("batch.cancel", batch.id)]


async def test_what_is_no_batch(office: Office) -> None:
    response = await office.world.openai.responses.create(model="GigaChat-2", input="hi", background=True)
    for path in ("none", response.id):
        assert (await office.call("GET", f"/{path}", 404))["error"]["code"] == "not_found"
        assert (await office.call("POST", f"/{path}/cancel", 404))["error"]["code"] == "not_found"
    assert await office.listed() == []
    assert "state: 'gone' is none of validating" in (await office.call("GET", "?state=gone", 400))["error"]["message"]
    assert "cursor" in (await office.call("GET", "?cursor=x", 400))["error"]["message"]
