"""What a key may use and spend, from its creation by the administrator to the bill: limits, budgets, usage, rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gigamost.core.secret import Secret
from gigamost.ledger.money import micros
from tests.gateway.conftest import World, world_of

MASTER = "the master key of the tests"
MODEL = "GigaChat-2-Max"


class Office:
    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.clients: list[openai.AsyncOpenAI] = []
        self._http = http

    async def call(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self._http.request(method, f"/admin/api{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def key(self, **terms: Any) -> tuple[str, openai.AsyncOpenAI]:
        """A new key's id, and a client that has it."""
        made = await self.call("POST", "/keys", 201, json={"name": "one", **terms})
        self.clients.append(self.world.client(made["key"]))
        return made["id"], self.clients[-1]

    async def settled(self, query: str = "") -> Any:
        await self.world.gateway.gateway.front_desk.opening.ledger.drain()
        return (await self.call("GET", f"/{query}"))["data"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with world_of(tmp_path, master_key=Secret(MASTER)) as world:
        headers = {"Authorization": f"Bearer {MASTER}"}
        async with httpx.AsyncClient(base_url=world.base, headers=headers) as http:
            office = Office(world, http)
            yield office
            for client in office.clients:
                await client.close()


async def ask(client: openai.AsyncOpenAI, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]
    return await client.chat.completions.create(model=MODEL, messages=messages, **more)


async def until_refused(client: openai.AsyncOpenAI) -> tuple[int, openai.APIStatusError]:
    """How many requests were answered, and what the next one was told."""
    for spent in range(100):
        try:
            await ask(client, max_tokens=10)
        except openai.APIStatusError as refused:
            return spent, refused
    raise AssertionError("nothing was refused")


async def test_requests_a_minute_are_counted_exactly(office: Office) -> None:
    _, client = await office.key(limits={"rpm": 5})
    outcomes = await asyncio.gather(*(ask(client) for _ in range(12)), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, openai.RateLimitError)]
    assert len(refused) == 7
    assert len(office.world.seen) == 5
    assert {1 <= int(each.response.headers["retry-after"]) <= 61 for each in refused} == {True}


async def test_what_is_left_is_told_in_the_clients_own_words(office: Office) -> None:
    _, client = await office.key(limits={"rpm": 5, "tpm": 100_000})
    answer: Any = await client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": "hi"}]
    )
    assert (answer.headers["x-ratelimit-limit-requests"], answer.headers["x-ratelimit-remaining-requests"]) == (
        "5",
        "4",
    )
    assert int(answer.headers["x-ratelimit-remaining-tokens"]) < 100_000
    asked = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": client.api_key}
    async with httpx.AsyncClient(base_url=office.world.base) as http:
        said = await http.post("/v1/messages", json=asked, headers=headers)
    assert said.headers["anthropic-ratelimit-requests-remaining"] == "3"
    assert "x-ratelimit-limit-requests" not in said.headers


async def test_a_total_budget_is_a_402_and_never_exceeded(office: Office) -> None:
    key, client = await office.key(budget={"amount": "0.30", "period": "total"})
    spent, refused = await until_refused(client)
    assert (refused.status_code, "budget" in refused.message) == (402, True)
    assert spent > 3
    (usage,) = [each for each in await office.settled("usage?group_by=key") if each["key_id"] == key]
    assert usage["requests"] == spent
    assert 0 < micros(usage["cost"]) <= micros("0.30")
    _, other = await office.key()
    await ask(other)


async def test_a_daily_budget_is_a_429_that_says_when_to_come_again(office: Office) -> None:
    _, client = await office.key(budget={"amount": "0.000001", "period": "day"})
    with pytest.raises(openai.RateLimitError, match="begins anew") as refused:
        await ask(client)
    assert int(refused.value.response.headers["retry-after"]) > 0
    assert office.world.seen == []


async def test_usage_and_rows_tell_the_same(office: Office) -> None:
    key, client = await office.key()
    await ask(client)
    await ask(client)
    rows = await office.settled(f"requests?key={key}&status=done")
    assert [row["state"] for row in rows] == ["done", "done"]
    assert rows[0]["started_at"] >= rows[1]["started_at"]
    (day,) = await office.settled("usage?group_by=day")
    (model,) = await office.settled("usage?group_by=model")
    assert (day["requests"], model["model"]) == (2, MODEL)
    assert micros(day["cost"]) == micros(model["cost"]) == sum(micros(row["cost"]) for row in rows)
    assert await office.settled("requests?status=failed") == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("usage?group_by=colour", "group_by: 'colour' is none of key, tenant, model, day"),
        ("requests?status=gone", "status: 'gone' is none of open, done, failed, aborted"),
        ("requests?cursor=x", "cursor"),
        ("usage?from=soon", "from: 'soon' is no moment"),
        ("usage?grup_by=key", "did you mean group_by"),
    ],
)
async def test_what_is_asked_wrongly(office: Office, path: str, message: str) -> None:
    answer = await office.call("GET", f"/{path}", 400)
    assert message in answer["error"]["message"]
