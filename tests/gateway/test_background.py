"""Responses in the background, as the official client asks for them, watches them and comes back to them."""

import asyncio
from typing import Any

import httpx2
import openai
import pytest

from tests.gateway.conftest import KEY, OTHER_KEY, PASS_KEY, World

MODEL = "GigaChat-2-Max"
PATIENCE = 20.0  # seconds
SLOW = "long=200; delay=0.02"
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


async def ask(client: openai.AsyncOpenAI, text: Any, **more: Any) -> Any:
    return await client.responses.create(model=MODEL, input=text, background=True, **more)


async def ended(client: openai.AsyncOpenAI, response: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        while (found := await client.responses.retrieve(response)).status in ("queued", "in_progress"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def test_a_response_is_asked_for_and_fetched_later(world: World) -> None:
    client = world.openai
    queued = await ask(client, "2+2", metadata={"who": "me"})
    assert (queued.status, queued.background, queued.output) == ("queued", True, [])
    assert queued.metadata == {"who": "me"}
    done = await ended(client, queued.id)
    assert (done.id, done.status, done.background) == (queued.id, "completed", True)
    assert "4" in done.output_text
    assert done.usage.total_tokens > 0
    assert done.created_at == queued.created_at
    items = [item async for item in client.responses.input_items.list(queued.id)]
    assert len(items) == 1
    follow = await client.responses.create(model=MODEL, input="And now?", previous_response_id=queued.id)
    assert follow.status == "completed"
    assert len(world.sent["messages"]) == 3


async def test_a_response_that_builds_on_another(world: World) -> None:
    first = await ended(world.openai, (await ask(world.openai, "My name is Ann")).id)
    second = await ended(world.openai, (await ask(world.openai, "2+2", previous_response_id=first.id)).id)
    assert (second.status, second.previous_response_id) == ("completed", first.id)
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "user"]


async def test_tools(world: World) -> None:
    done = await ended(world.openai, (await ask(world.openai, "weather in Omsk?", tools=[WEATHER])).id)
    assert [item.type for item in done.output] == ["function_call"]
    assert done.output[0].arguments == '{"city":"Omsk"}'


async def test_its_stream_is_watched_left_and_taken_up_again(world: World) -> None:
    world.script(SLOW)
    stream = await ask(world.openai, "Tell me a story", stream=True)
    seen: list[Any] = []
    async for event in stream:
        seen.append(event)
        if event.type == "response.output_text.delta" and len(seen) > 10:
            break
    await stream.close()
    response = seen[0].response
    assert [event.type for event in seen[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert response.status == "queued"
    again = await world.openai.responses.retrieve(response.id, stream=True, starting_after=seen[-1].sequence_number)
    seen += [event async for event in again]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert seen[-1].type == "response.completed"
    text = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
    assert text == seen[-1].response.output_text
    done = await world.openai.responses.retrieve(response.id)
    assert done.output_text == text
    whole = [event async for event in await world.openai.responses.retrieve(response.id, stream=True)]
    assert [event.type for event in whole] == [event.type for event in seen]
    assert len(world.seen) == 1


async def test_the_clients_own_accumulation(world: World) -> None:
    async with world.openai.responses.stream(model=MODEL, input="2+2", background=True) as stream:
        final = await stream.get_final_response()
    assert final.status == "completed"
    assert "4" in final.output_text


async def test_one_that_was_not_made_in_the_background_has_no_stream(world: World) -> None:
    done = await world.openai.responses.create(model=MODEL, input="2+2")
    with pytest.raises(openai.BadRequestError, match="stream") as error:
        await world.openai.responses.retrieve(done.id, stream=True)
    assert error.value.param == "stream"
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        await world.openai.responses.cancel(done.id)
    for call in (world.openai.responses.cancel, world.openai.responses.retrieve, world.openai.responses.delete):
        with pytest.raises(openai.NotFoundError):
            await call("resp_none")


async def test_cancelled_while_it_is_made(world: World) -> None:
    world.script(SLOW)
    stream = await ask(world.openai, "Tell me a story", stream=True)
    seen: list[Any] = []
    async for event in stream:
        seen.append(event)
        if event.type == "response.output_text.delta" and len(seen) == 8:
            cancelled = await world.openai.responses.cancel(seen[0].response.id)
            assert cancelled.status == "cancelled"
    response = seen[0].response.id
    assert seen[-1].type == "response.output_text.delta"
    assert (await world.openai.responses.retrieve(response)).status == "cancelled"
    assert (await world.openai.responses.cancel(response)).status == "cancelled"


async def test_cancelled_before_it_begins(world: World) -> None:
    world.script(*["stall_before=1"] * 9)
    others = [await ask(world.openai, "2+2") for _ in range(9)]
    last = await ask(world.openai, "2+2")
    assert (await world.openai.responses.cancel(last.id)).status == "cancelled"
    for other in others:
        assert (await ended(world.openai, other.id)).status == "completed"
    assert (await world.openai.responses.retrieve(last.id)).status == "cancelled"
    assert len(world.seen) == 9


@pytest.mark.parametrize("directive", ["status=400", "long=200; cut=900; delay=0.01"])
async def test_one_that_fails(world: World, directive: str) -> None:
    world.script(directive)
    stream = await ask(world.openai, "2+2", stream=True)
    seen = [event async for event in stream]
    assert seen[-1].type == "response.failed"
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    done = await world.openai.responses.retrieve(seen[0].response.id)
    assert done.status == "failed"
    assert done.error is not None
    assert len(world.seen) == 1


async def test_deleted(world: World) -> None:
    done = await ended(world.openai, (await ask(world.openai, "2+2")).id)
    await world.openai.responses.delete(done.id)
    with pytest.raises(openai.NotFoundError):
        await world.openai.responses.retrieve(done.id)
    with pytest.raises(openai.BadRequestError):
        await world.openai.responses.create(model=MODEL, input="And?", previous_response_id=done.id)


async def test_it_is_its_tenants(world: World) -> None:
    done = await ended(world.openai, (await ask(world.openai, "2+2")).id)
    async with world.client(OTHER_KEY) as other:
        for call in (other.responses.retrieve, other.responses.cancel, other.responses.delete):
            with pytest.raises(openai.NotFoundError):
                await call(done.id)
        with pytest.raises(openai.NotFoundError):
            await other.responses.retrieve(done.id, stream=True)
    assert (await world.openai.responses.retrieve(done.id)).status == "completed"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"store": False}, "background"),
        ({"previous_response_id": "resp_none"}, "previous_response_id"),
        ({"temperature": 9}, "temperature"),
    ],
)
async def test_what_cannot_be_is_said_at_once(world: World, change: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await ask(world.openai, "2+2", **change)
    assert error.value.param == param


async def test_starting_after_must_be_a_number(world: World) -> None:
    done = await ended(world.openai, (await ask(world.openai, "2+2")).id)
    async with httpx2.AsyncClient(base_url=world.base, headers={"authorization": f"Bearer {KEY}"}) as http:
        answer = await http.get(f"/v1/responses/{done.id}", params={"stream": "true", "starting_after": "x"})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "starting_after")
        rest = await http.get(f"/v1/responses/{done.id}", params={"stream": "true", "starting_after": "2"})
        assert rest.text.endswith("data: [DONE]\n\n")
        assert '"sequence_number":3}' in rest.text
        assert '"sequence_number":2}' not in rest.text


async def test_a_key_with_its_own_credential_cannot(world: World) -> None:
    headers = {"x-api-key": PASS_KEY, "authorization": "Bearer token"}
    async with httpx2.AsyncClient(base_url=world.base, headers=headers) as http:
        answer = await http.post("/v1/responses", json={"model": MODEL, "input": "x", "background": True})
    assert answer.status_code == 400
