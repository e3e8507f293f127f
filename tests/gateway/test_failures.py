"""What clients see when GigaChat fails: "Retry, failover, follow-up" of the contract, by what the emulator saw."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gigamost.emulator import COMPANY, PERSON, TRADER, EmulatorSettings
from gigamost.pipeline.recovery import MAX_POSTS
from tests.gateway.conftest import KEY, World, world_of

MODEL = "GigaChat-2-Max"
MESSAGES: Any = [{"role": "user", "content": "hi"}]


async def ask(world: World, *, stream: bool = False, text: str = "hi", **fields: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    answer: Any = await world.openai.chat.completions.create(model=MODEL, messages=messages, stream=stream, **fields)
    return [chunk async for chunk in answer] if stream else answer


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directive", "status", "posts"),
    [
        ("status=400", 400, 1),
        ("status=402", 402, 1),
        ("status=403", 502, 1),
        ("status=404", 404, 1),
        ("status=413", 413, 1),
        ("status=422", 400, 1),
        ("status=429", 429, MAX_POSTS),
        ("status=429; retry_after=0", 429, MAX_POSTS),
        ("status=429; retry_after=30", 429, 1),
        ("status=429; retry_after=-1", 429, 1),
        ("status=429; retry_after=soon", 429, 1),
        ("status=500", 502, MAX_POSTS),
        ("status=502", 502, MAX_POSTS),
        ("status=503", 502, MAX_POSTS),
        ("status=504", 504, 1),
        ("cut=0", 502, 1),
        ("reset=0", 502, 1),
        ("cut=30", 502, 1),
        ("empty", 502, 1),
        ("error_body_in_200=429", 429, MAX_POSTS),
        ("error_body_in_200=500", 502, 1),
        ("malformed", 502, 1),
    ],
)
async def test_before_the_first_content_a_failure_is_a_status(
    world: World, directive: str, status: int, posts: int, stream: bool
) -> None:
    world.script(*[directive] * MAX_POSTS)
    with pytest.raises(openai.APIStatusError) as caught:
        await ask(world, stream=stream)
    assert caught.value.status_code == status
    assert len(world.seen) == posts
    body: Any = caught.value.body
    assert body["message"]
    assert "127.0.0.1" not in body["message"]
    assert "<html" not in body["message"]
    if status == 429:
        assert int(caught.value.response.headers["retry-after"]) >= 1


async def test_a_retry_that_succeeds_is_not_seen(world: World) -> None:
    world.script("status=503", "status=429; retry_after=0", "")
    assert (await ask(world)).choices[0].message.content
    assert len(world.seen) == 3
    bodies = [seen.body for seen in world.seen]
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    "directive", ["cut=900", "reset=900", "malformed=4", "error_after=3", "no_finish; no_done; delay=0.01"]
)
async def test_after_the_first_content_a_failure_is_in_the_stream(world: World, directive: str) -> None:
    """Never `[DONE]`, never a finish reason: a client must not take it for an end."""
    world.script(f"{directive}; long=200; delay=0.01" if "delay" not in directive else f"{directive}; long=200")
    async with (
        httpx.AsyncClient() as http,
        http.stream(
            "POST",
            f"{world.base}/v1/chat/completions",
            json={"model": MODEL, "messages": MESSAGES, "stream": True},
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=20,
        ) as response,
    ):
        assert response.status_code == 200
        text = "".join([part async for part in response.aiter_text()])
    frames = [frame for frame in text.split("\n\n") if frame]
    assert frames[-1].startswith('data: {"error":{"message":')
    assert "[DONE]" not in text
    assert '"finish_reason":"' not in text
    assert len(world.seen) == 1


async def test_the_official_client_raises_for_an_error_in_the_stream(world: World) -> None:
    world.script("cut=900; long=200; delay=0.01")
    with pytest.raises(openai.APIError, match=r"broke off|closed"):
        await ask(world, stream=True)


async def test_silence_is_a_timeout(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        for account in world.gateway.gateway.accounts.operator:
            account.silence = 0.3
        world.script("stall_before=5")
        with pytest.raises(openai.APIStatusError) as caught:
            await ask(world)
        assert caught.value.status_code == 504
        world.script("stall_after=2; stall=5; long=100; delay=0.01")
        with pytest.raises(openai.APIError, match="silent"):
            await ask(world, stream=True)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_ends_the_request_upstream(world: World, stream: bool) -> None:
    """Within 250 ms, also before the first content; and the slot is free again."""
    directive = "stall_after=2; long=100; delay=0.01" if stream else "stall_before=30"
    world.script(directive)
    asking = asyncio.create_task(ask(world, stream=stream))
    seen = await world.gigachat.app.log.until(lambda seen: seen.path.endswith("/chat/completions"))
    loop = asyncio.get_running_loop()
    left = loop.time()
    asking.cancel()
    ended = await world.gigachat.app.log.until(
        lambda record: record.serial == seen.serial and record.ending == "disconnected"
    )
    assert ended.finished is not None
    assert loop.time() - left < 0.25
    account = world.gateway.gateway.accounts.operator[0]
    assert account.gate.snapshot().in_flight == 0
    assert (await ask(world)).choices[0].message.content


async def test_one_stream_of_a_person_is_shared_by_a_queue(tmp_path: Path) -> None:
    async with world_of(tmp_path, PERSON) as world:
        answers = await asyncio.gather(*(ask(world, stream=at % 2 == 0, text=f"number {at}") for at in range(12)))
        assert len(answers) == 12
        assert all(seen.status == 200 for seen in world.seen)


async def test_who_waits_too_long_for_a_slot_gets_429(tmp_path: Path) -> None:
    async with world_of(tmp_path, PERSON, queue_timeout=0.2) as world:
        world.script("stall_before=30")
        blocking = asyncio.create_task(ask(world))
        await world.gigachat.app.log.until(lambda seen: seen.path.endswith("/chat/completions"))
        with pytest.raises(openai.RateLimitError, match="GIGACHAT_MAX_CONNECTIONS") as caught:
            await ask(world)
        assert int(caught.value.response.headers["retry-after"]) >= 1
        blocking.cancel()


async def test_another_credential_is_asked_once_when_one_may_have_generated(tmp_path: Path) -> None:
    for directive in ("status=504", "cut=10", "empty", "error_body_in_200=500"):
        async with world_of(tmp_path, COMPANY, TRADER) as world:
            world.script(directive, "")
            assert (await ask(world)).choices[0].message.content
            assert len(world.seen) == 2
            assert len({seen.client_id for seen in world.seen}) == 2


async def test_a_refusal_is_not_taken_elsewhere(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        world.script("status=422")
        with pytest.raises(openai.BadRequestError):
            await ask(world)
        assert len(world.seen) == 1


async def test_a_slow_credential_is_left_for_a_faster_one_before_the_first_content(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        world.gateway.gateway.path.sender.first_content_timeout = 0.2
        world.script("stall_before=4", "")
        answer = await ask(world, stream=True)
        assert answer[-1].choices[0].finish_reason == "stop"
        assert len({seen.client_id for seen in world.seen}) == 2


async def test_a_token_that_ends_early_is_renewed_once_for_all(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        await ask(world)
        before = len(world.gigachat.app.log.at("/oauth"))
        world.gigachat.app.state.tokens.revoke()
        answers = await asyncio.gather(*(ask(world) for _ in range(8)))
        assert all(answer.choices[0].message.content for answer in answers)
        assert len(world.gigachat.app.log.at("/oauth")) == before + 1


async def test_a_refused_state_id_is_learnt(world: World) -> None:
    tools: Any = [{"type": "function", "function": {"name": "time", "parameters": {}}}]
    first = await ask(world, text="call time", tools=tools)
    call = first.choices[0].message.tool_calls[0]
    history: Any = [*MESSAGES, first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "1"}]
    world.script("status=422; message=Invalid params: functions_state_id", "")
    for _ in range(2):
        await world.openai.chat.completions.create(model=MODEL, messages=history, tools=tools)
    carried = ["functions_state_id" in seen.body["messages"][1] for seen in world.seen[1:]]
    assert carried == [True, False, False]


@pytest.mark.parametrize("stream", [False, True])
async def test_degenerate_and_broken_answers_are_asked_for_again(world: World, stream: bool) -> None:
    world.script("lt", "")
    answer = await ask(world, stream=stream)
    assert len(world.seen) == 2
    assert (answer[-1] if stream else answer).choices[0].finish_reason == "stop"
    world.script("error", "")
    await ask(world, stream=stream)
    assert len(world.seen) == 4


async def test_follow_ups_are_added_up(world: World) -> None:
    plain = (await ask(world, text="one two three")).usage
    world.script("lt", "")
    twice = (await ask(world, text="one two three")).usage
    assert twice.prompt_tokens == 2 * plain.prompt_tokens


async def test_an_unreachable_gigachat_is_a_502_and_recovers(tmp_path: Path) -> None:
    async with world_of(tmp_path, emulator=EmulatorSettings()) as world:
        await ask(world)
        port = world.gigachat.port
        await world.gigachat.stop()
        with pytest.raises(openai.APIStatusError) as caught:
            await ask(world)
        assert caught.value.status_code == 502
        world.gigachat.port = port
        await world.gigachat.start()
        assert (await ask(world)).choices[0].message.content


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500])
async def test_a_key_that_the_upstream_repeats_is_told_to_nobody(
    world: World, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Some servers and proxies do. On every way to the upstream: a chat, a task, a body that passes as it came."""
    key = COMPANY.credentials
    world.script(*[f"status={status}; message=wrong key {key}, bearer"] * MAX_POSTS)
    with pytest.raises(openai.APIStatusError) as caught:
        await ask(world)
    world.script(*[f"status={status}; message=wrong key {key}"] * MAX_POSTS)
    async with httpx.AsyncClient(timeout=20) as http:
        native = await http.post(
            f"{world.base}/gigachat/api/v1/chat/completions",
            json={"model": MODEL, "messages": MESSAGES},
            headers={"Authorization": f"Bearer {KEY}"},
        )
    assert native.status_code >= 400
    said = f"{caught.value} {caught.value.body} {native.text} {caplog.text}"
    assert key not in said
    assert "wrong key **********" in said
