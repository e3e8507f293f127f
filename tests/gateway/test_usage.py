"""`GET /v1/usage`: what a key may see of itself; and what a refusal at the door tells of what is left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from gigamost.core.secret import Secret
from gigamost.ledger.money import micros
from tests.gateway.conftest import IN_MEMORY, World, world_of

MASTER = "the master key of the tests"
MODEL = "GigaChat-2-Max"
MESSAGES: Any = [{"role": "user", "content": "Say 'Hello' and nothing else"}]


class Desk:
    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.http = http

    async def administer(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {MASTER}"}
        answer = await self.http.post(f"/admin/api{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def key(self, **terms: Any) -> Any:
        return await self.administer("/keys", name="one", **terms)

    async def chat(self, key: str, **more: Any) -> Any:
        async with self.world.client(key) as client:
            return await client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES, **more)

    async def usage(self, key: str, query: str = "", status: int = 200, path: str = "/v1/usage") -> Any:
        await self.world.gateway.gateway.front_desk.opening.ledger.drain()
        answer = await self.http.get(f"{path}?{query}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == status, answer.text
        assert not any(name.startswith("x-ratelimit") for name in answer.headers)
        return answer.json()


@pytest.fixture(params=["memory", "file"])
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    kept: dict[str, Any] = {"database_url": IN_MEMORY} if request.param == "memory" else {}
    async with (
        world_of(tmp_path, master_key=Secret(MASTER), **kept) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        yield Desk(world, http)


async def test_a_key_sees_what_it_spent_and_what_is_left(desk: Desk) -> None:
    made = await desk.key(
        budget={"amount": "1000.00", "period": "month", "soft": "800.00"},
        limits={"rpm": 5, "tpd": 100_000, "concurrency": 3},
    )
    for _ in range(2):
        await desk.chat(made["key"], max_tokens=10)
    told = await desk.usage(made["key"])
    assert told["key"] == {"id": made["id"], "name": "one", "expires_at": None}
    (day,), (model,), total = told["days"], told["models"], told["total"]
    assert (total["requests"], total["failed"], model["model"]) == (2, 0, MODEL)
    assert {**total, "day": day["day"]} == day
    assert {**total, "model": MODEL} == model
    assert told["from"] <= f"{day['day']}T00:00:00Z" < told["to"]
    (budget,) = told["budgets"]
    assert (budget["of"], budget["period"], budget["amount"], budget["soft"]) == ("key", "month", "1000.00", "800.00")
    assert budget["spent"] == total["cost"] != "0.00"
    assert micros(budget["left"]) == micros("1000.00") - micros(budget["spent"]) - micros(budget["reserved"])
    assert (budget["reserved"], budget["begins_at"]) == ("0.00", told["from"])
    assert budget["ends_at"] > day["day"]
    limits = {each["limit"]: each for each in told["limits"]}
    assert {name: each["left"] for name, each in limits.items() if name != "tpd"} == {"rpm": 3, "concurrency": 3}
    used = total["prompt_tokens"] + total["completion_tokens"]
    assert (limits["tpd"]["amount"], limits["tpd"]["left"]) == (100_000, 100_000 - used)
    assert 0 < limits["rpm"]["resets_in_seconds"] <= 60.1
    assert limits["concurrency"]["resets_in_seconds"] is None


async def test_of_the_tenant_there_are_amounts_alone(desk: Desk) -> None:
    await desk.administer("/tenants", name="acme", budget={"amount": "50", "period": "total"}, limits={"rpm": 9})
    one, other = await desk.key(tenant="acme"), await desk.key(tenant="acme")
    await desk.chat(one["key"], max_tokens=10)
    told = await desk.usage(other["key"])
    (budget,) = told["budgets"]
    assert (budget["of"], budget["amount"], budget["begins_at"], budget["ends_at"]) == ("tenant", "50.00", None, None)
    assert micros(budget["spent"]) > 0
    assert (told["total"]["requests"], told["days"], told["models"]) == (0, [], [])
    assert [(each["of"], each["limit"], each["left"]) for each in told["limits"]] == [("tenant", "rpm", 8)]
    assert one["id"] not in str(told)


async def test_it_counts_under_no_limit_and_waits_for_no_place(desk: Desk) -> None:
    made = await desk.key(limits={"rpm": 1, "concurrency": 1})
    await desk.chat(made["key"])
    for _ in range(3):
        told = await desk.usage(made["key"])
        assert [each["left"] for each in told["limits"]] == [0, 1]
    with pytest.raises(openai.RateLimitError):
        await desk.chat(made["key"])


async def test_the_days_are_those_that_were_asked_for(desk: Desk) -> None:
    made = await desk.key()
    await desk.chat(made["key"])
    assert (await desk.usage(made["key"], "from=2020-01-01&to=2020-02-01"))["total"]["requests"] == 0
    told = await desk.usage(made["key"], "from=2020-01-01T05:00:00Z", path="/usage")
    assert (told["from"], told["total"]["requests"]) == ("2020-01-01T00:00:00Z", 1)
    assert (await desk.usage(made["key"], "from=0"))["from"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from=soon", "from: 'soon' is no moment"),
        ("to=99999999999999999999", "to: this is no moment"),
        ("from=2026-02-01&to=2026-01-01", "before"),
    ],
)
async def test_what_is_no_span(desk: Desk, query: str, message: str) -> None:
    made = await desk.key()
    told = await desk.usage(made["key"], query, status=400)
    assert message in told["error"]["message"]


async def test_the_database_cannot_be_hammered(desk: Desk) -> None:
    """The same question is answered from memory, other ones are counted; another key is not concerned."""
    made = await desk.key()
    for _ in range(40):
        await desk.usage(made["key"])
    statuses = []
    for day in range(1, 32):
        headers = {"x-api-key": made["key"]}
        answer = await desk.http.get(f"/v1/usage?from=2026-01-{day:02}", headers=headers)
        statuses.append(answer.status_code)
    assert statuses.count(200) <= 29
    assert statuses[-1] == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    await desk.usage((await desk.key())["key"])


async def test_what_is_left_is_told_with_the_refusal_at_the_door(desk: Desk) -> None:
    made = await desk.key(limits={"rpm": 1})
    await desk.chat(made["key"])
    with pytest.raises(openai.RateLimitError) as refused:
        await desk.chat(made["key"])
    told = refused.value.response.headers
    assert (told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]) == ("1", "0")
    assert (told["x-ratelimit-reset-requests"], int(told["retry-after"]) > 0) != ("", False)
    client = anthropic.AsyncAnthropic(base_url=desk.world.base, api_key=made["key"], max_retries=0)
    async with client:
        with pytest.raises(anthropic.RateLimitError) as also:
            await client.messages.create(model=MODEL, max_tokens=5, messages=MESSAGES)
    told = also.value.response.headers
    assert told["anthropic-ratelimit-requests-limit"] == "1"
    assert told["anthropic-ratelimit-requests-remaining"] == "0"
    assert told["anthropic-ratelimit-requests-reset"].endswith("Z")
    assert int(told["retry-after"]) > 0
    assert not any(name.startswith("x-ratelimit") for name in told)


async def test_tokens_and_budgets_refuse_with_what_is_left_too(desk: Desk) -> None:
    few = await desk.key(limits={"rpm": 9, "tpm": 500})
    await desk.chat(few["key"], max_tokens=10)
    with pytest.raises(openai.RateLimitError) as refused:
        await desk.chat(few["key"], max_tokens=490)
    told = refused.value.response.headers
    assert (told["x-ratelimit-limit-tokens"], told["x-ratelimit-limit-requests"]) == ("500", "9")
    assert 0 < int(told["x-ratelimit-remaining-tokens"]) < 500
    poor = await desk.key(limits={"rpm": 9}, budget={"amount": "0.000001", "period": "day"})
    with pytest.raises(openai.RateLimitError) as spent:
        await desk.chat(poor["key"])
    assert spent.value.response.headers["x-ratelimit-remaining-requests"] == "8"
    assert int(spent.value.response.headers["retry-after"]) > 0


async def test_a_full_house_tells_the_rates(tmp_path: Path) -> None:
    """Nobody left in time: the request counts nowhere, and what is left says so."""
    changes: Any = {"database_url": IN_MEMORY, "master_key": Secret(MASTER), "queue_timeout": 0.1}
    async with (
        world_of(tmp_path, **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20) as http,
    ):
        desk = Desk(world, http)
        made = await desk.key(limits={"rpm": 9, "concurrency": 1})
        world.script("stall_before=60")
        first = asyncio.create_task(desk.chat(made["key"], stream=True))
        while not world.seen:  # noqa: ASYNC110 - the emulator has no event for it
            await asyncio.sleep(0.01)
        with pytest.raises(openai.RateLimitError, match="same time") as refused:
            await desk.chat(made["key"])
        assert refused.value.response.headers["x-ratelimit-limit-requests"] == "9"
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
