"""Gateways are killed in the middle of their jobs: nothing is lost, and nothing is paid for twice."""

import asyncio
import json
from collections import Counter
from typing import Any

import openai
import pytest

from tests.batch.conftest import Replica, Replicas

MODEL = "GigaChat-2-Max"
ITEMS = 60
PATIENCE = 60.0  # seconds
UNENDED = ("validating", "in_progress")


def line(name: str) -> bytes:
    body = {"model": MODEL, "messages": [{"role": "user", "content": name}]}
    request = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(request).encode()


async def begin(client: openai.AsyncOpenAI, count: int = ITEMS) -> str:
    data = b"\n".join(line(f"i{at}") for at in range(count))
    file = await client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    return batch.id


async def until_some_are_done(client: openai.AsyncOpenAI, batch: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            counts = (await client.batches.retrieve(batch)).request_counts
            if counts is not None and counts.completed >= count:
                return
            await asyncio.sleep(0.05)


async def ended(client: openai.AsyncOpenAI, batch: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        while (found := await client.batches.retrieve(batch)).status in UNENDED:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found


async def results(client: openai.AsyncOpenAI, done: Any) -> tuple[set[str], dict[str, Any]]:
    """The names of what was answered, and what became of the rest."""
    output = (await client.files.content(done.output_file_id)).text.splitlines()
    answered = [json.loads(each)["custom_id"] for each in output]
    assert len(answered) == len(set(answered))
    errors = (await client.files.content(done.error_file_id)).text.splitlines() if done.error_file_id else []
    return set(answered), {said["custom_id"]: said["response"] for said in map(json.loads, errors)}


async def check(replicas: Replicas, client: openai.AsyncOpenAI, done: Any) -> None:
    """Every item has one result, and went upstream once: the ones in flight too, and those are told."""
    answered, broken = await results(client, done)
    assert done.status == "completed"
    assert answered | set(broken) == {f"i{at}" for at in range(ITEMS)}
    assert not answered & set(broken)
    asked = Counter(replicas.asked())
    assert set(asked.values()) == {1}
    for response in broken.values():
        assert response["body"]["error"]["code"] == "interrupted"
    assert len(broken) <= 10  # no more than were in flight
    assert len(asked) >= ITEMS - len(broken)


async def test_a_gateway_that_is_killed_goes_on_by_itself(replicas: Replicas) -> None:
    replicas.script("stall_before=0.2", ITEMS)
    replica = await replicas.start()
    batch = await begin(replica.openai)
    await until_some_are_done(replica.openai, batch, 10)
    await replica.kill()
    await replica.start()
    done = await ended(replica.openai, batch)
    await check(replicas, replica.openai, done)


async def test_killed_again_and_again(replicas: Replicas) -> None:
    replicas.script("stall_before=0.1", ITEMS)
    replica = await replicas.start()
    batch = await begin(replica.openai)
    for count in (5, 20):
        await until_some_are_done(replica.openai, batch, count)
        await replica.kill()
        await replica.start()
    answered, broken = await results(replica.openai, await ended(replica.openai, batch))
    assert answered | set(broken) == {f"i{at}" for at in range(ITEMS)}
    assert set(Counter(replicas.asked()).values()) == {1}


async def test_a_gateway_that_is_ended_finishes_what_it_has_sent(replicas: Replicas) -> None:
    replicas.script("stall_before=0.2", ITEMS)
    replica = await replicas.start()
    batch = await begin(replica.openai)
    await until_some_are_done(replica.openai, batch, 10)
    assert await replica.end() == 0
    await replica.start()
    done = await ended(replica.openai, batch)
    answered, broken = await results(replica.openai, done)
    assert (len(answered), broken) == (ITEMS, {})
    assert set(Counter(replicas.asked()).values()) == {1}


@pytest.mark.parametrize("replicas", ["postgres"], indirect=True)
async def test_another_replica_takes_over(replicas: Replicas) -> None:
    replicas.script("stall_before=0.2", ITEMS)
    first, second = await replicas.start(), await replicas.start()
    batch = await begin(first.openai)
    await until_some_are_done(second.openai, batch, 10)
    await first.kill()
    await check(replicas, second.openai, await ended(second.openai, batch))


@pytest.mark.parametrize("replicas", ["postgres"], indirect=True)
async def test_replicas_share_the_work_and_do_none_of_it_twice(replicas: Replicas) -> None:
    replicas.script("stall_before=0.05", ITEMS)
    both: list[Replica] = [await replicas.start(), await replicas.start()]
    batches = await asyncio.gather(*(begin(replica.openai, ITEMS // 2) for replica in both))
    for replica, batch in zip(reversed(both), batches, strict=True):
        answered, broken = await results(replica.openai, await ended(replica.openai, batch))
        assert (len(answered), broken) == (ITEMS // 2, {})
    assert set(Counter(replicas.asked()).values()) == {2}  # the same texts in each of the batches


async def test_a_response_in_the_background_is_told_as_broken(replicas: Replicas) -> None:
    replicas.script("long=400; delay=0.02", 1)
    replica = await replicas.start()
    stream = await replica.openai.responses.create(model=MODEL, input="Tell me a story", background=True, stream=True)
    seen: list[Any] = []
    async for event in stream:
        seen.append(event)
        if len(seen) == 12:
            break
    await stream.close()
    response = seen[0].response.id
    await replica.kill()
    await replica.start()
    rest = [
        event
        async for event in await replica.openai.responses.retrieve(
            response, stream=True, starting_after=seen[-1].sequence_number
        )
    ]
    seen += rest
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert seen[-1].type == "response.failed"
    assert (await replica.openai.responses.retrieve(response)).status == "failed"
    assert len(replicas.asked()) == 1


async def test_a_response_that_had_not_begun_is_made_after_a_restart(replicas: Replicas) -> None:
    replicas.script("stall_before=0.5", 9)
    replica = await replicas.start()
    for _ in range(9):
        await replica.openai.responses.create(model=MODEL, input="busy", background=True)
    last = await replica.openai.responses.create(model=MODEL, input="2+2", background=True)
    await replica.kill()
    await replica.start()
    async with asyncio.timeout(PATIENCE):
        while (found := await replica.openai.responses.retrieve(last.id)).completed_at is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert found.status == "completed"
    assert "4" in found.output_text
