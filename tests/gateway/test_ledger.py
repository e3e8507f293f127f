"""Every request that goes upstream has its row in the ledger: what it cost, and what became of it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gigamost.core.accounting import Entry, Wanted
from gigamost.ledger.prices import Prices
from gigamost.pipeline.desk import GONE
from tests.gateway.conftest import KEY, World, world_of

MODEL = "GigaChat-2-Max"


async def rows(world: World) -> list[Entry]:
    """Oldest first, settled ones with what they came to."""
    opening = world.gateway.gateway.front_desk.opening
    await opening.ledger.drain()
    return list(reversed((await opening.books.requests(Wanted())).entries))


async def ask(world: World, text: str = "hi", *, stream: bool = False) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    answer: Any = await world.openai.chat.completions.create(model="gpt-4o", messages=messages, stream=stream)
    return [chunk async for chunk in answer] if stream else answer


async def call(world: World, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=world.base, headers={"Authorization": f"Bearer {KEY}"}) as http:
        return await http.request(method, path, **more)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_chat_is_booked_with_what_gigachat_said(world: World, stream: bool) -> None:
    await ask(world, "Say 'Hello' and nothing else", stream=stream)
    (row,) = await rows(world)
    assert (row.state, row.status, row.face, row.model, row.tenant) == ("done", 200, "openai", MODEL, "first")
    assert (row.usage.input_tokens, row.usage.output_tokens, row.usage.estimated) == (17, 3, False)
    assert row.cost == Prices().of(MODEL).of(row.usage) > 0
    assert row.reserved > row.cost
    assert (row.upstream, row.attempts) == ("account-0", 1)
    assert row.ttft_ms is not None
    assert row.finished is not None
    assert row.finished >= row.started


async def test_the_id_of_the_row_is_the_one_that_the_client_was_told(world: World) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}
    answer = await call(world, "POST", "/v1/chat/completions", json=body, headers={"X-Request-ID": "theirs"})
    (row,) = await rows(world)
    assert (row.id, row.client_request_id) == (answer.headers["x-request-id"], "theirs")


async def test_what_follows_up_and_what_fails_over_is_paid_for(world: World) -> None:
    world.script("lt", "")
    await ask(world, "one two three")
    world.script("status=503", "")
    await ask(world, "one two three")
    twice, once = await rows(world)
    assert twice.usage.input_tokens == 2 * once.usage.input_tokens
    assert (twice.attempts, once.attempts) == (2, 2)


async def test_a_refusal_costs_nothing_and_is_booked_as_failed(world: World) -> None:
    world.script("status=422")
    with pytest.raises(openai.BadRequestError):
        await ask(world)
    with pytest.raises(openai.BadRequestError, match="messages"):
        await world.openai.chat.completions.create(model="no-such-model", messages=[])
    (row,) = await rows(world)  # what never went upstream is in no book
    assert (row.state, row.status, row.cost) == ("failed", 400, 0)


async def test_an_answer_that_breaks_off_is_failed_and_estimated(world: World) -> None:
    world.script("cut=900; long=200; delay=0.01")
    with pytest.raises(openai.APIError):
        await ask(world, stream=True)
    (row,) = await rows(world)
    assert (row.state, row.status, row.usage.estimated) == ("failed", 200, True)
    assert row.usage.output_tokens > 0
    assert row.cost > 0


@pytest.mark.parametrize(
    ("directive", "stream", "output"), [("stall_after=2; long=100; delay=0.01", True, 1), ("stall_before=30", False, 0)]
)
async def test_what_was_generated_for_a_client_that_left_is_booked(
    world: World, directive: str, stream: bool, output: int
) -> None:
    world.script(directive)
    asking = asyncio.create_task(ask(world, stream=stream))
    seen = await world.gigachat.app.log.until(lambda seen: seen.path.endswith("/chat/completions"))
    await asyncio.sleep(0.1 if stream else 0)  # two chunks have come by then, and nothing else ever will
    asking.cancel()
    await world.gigachat.app.log.until(lambda found: found.serial == seen.serial and found.ending == "disconnected")
    (row,) = await rows(world)
    assert (row.state, row.status, row.usage.estimated) == ("aborted", GONE, True)
    assert row.usage.input_tokens > 0
    assert row.usage.output_tokens >= output


async def test_every_kind_of_request_has_a_row(world: World) -> None:
    await world.openai.embeddings.create(model="Embeddings", input=["one", "two"])
    await world.openai.files.create(file=("a.txt", b"text"), purpose="user_data")
    await world.openai.images.generate(prompt="a bridge")
    await world.openai.responses.create(model=MODEL, input="hi")
    text: Any = {"messages": [{"role": "user", "content": "hi"}], "model": MODEL, "max_tokens": 9}
    await call(world, "POST", "/v1/messages", json=text)
    await call(world, "POST", "/gigachat/api/v1/chat/completions", json=text)
    await call(world, "POST", "/v1/messages/count_tokens", json=text)
    found = await rows(world)
    assert [row.face for row in found] == ["openai"] * 4 + ["anthropic", "gigachat", "anthropic"]
    assert all((row.state, row.status) == ("done", 200) for row in found)
    assert [row.usage.input_tokens > 0 for row in found] == [True, False, True, True, True, True, False]
    assert [row.cost > 0 for row in found][2:6] == [True] * 4


async def test_the_books_outlive_the_gateway(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        await ask(world)
    async with world_of(tmp_path) as world:
        await ask(world)
        first, second = await rows(world)
        assert (first.state, second.state) == ("done", "done")
        assert first.id != second.id
