"""Routes to several credentials and upstreams, and what stands in when one of them fails."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import pytest

from gigamost.config import Models, Upstream, UpstreamModel
from gigamost.core.secret import Secret
from gigamost.emulator import COMPANY, PERSON, TRADER
from gigamost.pipeline.recovery import MAX_POSTS
from gigamost.routing.table import Destination, Fallback, Route
from tests.gateway.conftest import KEY, PASS_KEY, World, world_of
from tests.gateway.routing import FAR, MODEL, ask, attempt, described, posts, two_worlds
from tests.gateway.test_ledger import rows

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


# ---- names


@pytest.mark.parametrize(
    ("name", "model"),
    [("far/GigaChat-2-Pro", "GigaChat-2-Pro"), ("smart", "GigaChat-2"), ("alias-of-smart", "GigaChat-2")],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_name_goes_where_its_route_says(tmp_path: Path, name: str, model: str, stream: bool) -> None:
    routes = {
        "far/*": Route(targets=(Destination(upstream="far"),)),
        "smart": Route(targets=(Destination(upstream="far", model="GigaChat-2"),)),
    }
    aliases = Models(aliases={"alias-of-smart": "smart"})
    async with two_worlds(tmp_path, routes=routes, models=aliases) as (near, far):
        answer = await ask(near, model=name, stream=stream)
        assert (posts(near), posts(far)) == (0, 1)
        assert far.sent["model"] == model
        assert (answer[-1] if stream else answer).model == name


async def test_models_of_routes_are_listed_and_described(tmp_path: Path) -> None:
    routes = {"far/*": Route(targets=(Destination(upstream="far"),)), "smart": Route(targets=(FAR,))}
    row = described(GigaChat_2_Pro=UpstreamModel(context=1000))
    async with two_worlds(tmp_path, routes=routes, far=row) as (near, _):
        listed = [model.id async for model in near.openai.models.list()]
        assert {"smart", "far/GigaChat-2-Pro", MODEL} <= set(listed)
        assert (await near.openai.models.retrieve("smart")).id == "smart"
        assert await attempt(near, model="far/unheard-of") == 404
        assert await attempt(near, model="unheard-of") == 404


async def test_other_tasks_stay_with_gigachat(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}) as (near, _):
        with pytest.raises(openai.BadRequestError, match="only chats"):
            await near.openai.embeddings.create(model="smart", input="text")
        async with httpx.AsyncClient() as http:
            counted = await http.post(
                f"{near.base}/v1/messages/count_tokens",
                headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"},
                json={"model": "smart", "messages": [{"role": "user", "content": "hi"}]},
            )
        assert counted.headers["x-gigamost-estimated"] == "true"


# ---- another wire


async def test_tools_go_both_ways_over_openais_wire(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}) as (near, far):
        question = {"role": "user", "content": "What is the weather in Paris and in Rome?"}
        first = (await ask(near, model="smart", messages=[question], tools=TOOLS)).choices[0].message
        call = first.tool_calls[0]
        assert json.loads(call.function.arguments)["city"] == "Paris"
        assert call.id.isalnum()
        talk = [
            question,
            first,
            *({"role": "tool", "tool_call_id": each.id, "content": "17 degrees"} for each in first.tool_calls),
        ]
        second = await ask(near, model="smart", messages=talk, tools=TOOLS)
        assert "17" in second.choices[0].message.content
        assert posts(far) == 2


async def test_media_go_inline_and_what_cannot_be_said_is_listed(tmp_path: Path) -> None:
    url = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    content: Any = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}) as (near, far):
        messages: Any = [{"role": "user", "content": content}]
        raw = await near.openai.chat.completions.with_raw_response.create(
            model="smart",
            messages=messages,
            reasoning_effort="high",
            extra_body={"profanity_check": False},
            user="ann@example.com",
        )
        assert not near.gigachat.app.log.at("/files")
        assert len(far.gigachat.app.log.at("/files")) == 1
        assert far.sent["messages"][0]["attachments"]
        assert raw.headers["x-gigamost-ignored"] == "reasoning_effort, profanity_check"
        assert raw.headers["x-gigamost-upstream"] == "far"
    blind = described(GigaChat_2_Pro=UpstreamModel(vision=False))
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}, far=blind) as (near, far):
        with pytest.raises(openai.BadRequestError, match="takes no image"):
            await ask(near, model="smart", messages=[{"role": "user", "content": content}])
        assert posts(far) == 0


async def test_an_address_is_never_followed_by_the_upstream(tmp_path: Path) -> None:
    inner = [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/secret.png"}}]
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}) as (near, far):
        assert await attempt(near, model="smart", messages=[{"role": "user", "content": inner}]) == 400
        assert posts(far) == 0


# ---- fallback (R5, R6, R14)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("directive", "near_posts"),
    [
        ("status=500", MAX_POSTS),
        ("status=429; retry_after=30", 1),
        ("status=504", 1),
        ("reset=0", 1),
        ("cut=30", 1),
        ("empty", 1),
        ("error_body_in_200=500", 1),
        ("malformed", 1),
    ],
)
async def test_before_the_first_content_another_upstream_stands_in(
    tmp_path: Path, directive: str, near_posts: int, stream: bool
) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.script(*[directive] * MAX_POSTS)
        answer = await ask(near, stream=stream)
        assert (posts(near), posts(far)) == (near_posts, 1)
        assert (answer[-1] if stream else answer).choices[0].finish_reason == "stop"


@pytest.mark.parametrize(("status", "seen"), [(400, 400), (402, 402), (404, 404), (422, 400)])
async def test_a_refusal_is_taken_nowhere(tmp_path: Path, status: int, seen: int) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.script(f"status={status}")
        assert await attempt(near) == seen
        assert (posts(near), posts(far)) == (1, 0)


async def test_one_failover_and_the_first_failure_is_told(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, COMPANY, TRADER) as (near, far):
        near.script("status=504", "status=504", "")
        assert await attempt(near) == 504
        assert (posts(near), posts(far)) == (2, 0)
    async with two_worlds(tmp_path) as (near, far):
        near.script("status=504")
        far.script("status=402")
        assert await attempt(near) == 504
        assert posts(far) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_silence_before_the_first_content_is_left_in_time(tmp_path: Path, stream: bool) -> None:
    routes = {MODEL: Route(fallback=Fallback(failure=(FAR,)), first_content_timeout=0.3)}
    async with two_worlds(tmp_path, routes=routes) as (near, far):
        near.script("stall_before=5")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await ask(near, stream=stream)
        assert loop.time() - began < 3
        assert (posts(near), posts(far)) == (1, 1)


async def test_silence_after_the_first_content_is_an_error_in_the_stream(tmp_path: Path) -> None:
    async with two_worlds(tmp_path) as (near, far):
        near.gateway.gateway.accounts.operator[0].silence = 0.3
        near.script("stall_after=2; stall=5; long=100; delay=0.01")
        with pytest.raises(openai.APIError, match="silent"):
            await ask(near, stream=True)
        assert (posts(near), posts(far)) == (1, 0)


async def test_an_error_as_a_later_event_is_never_content(tmp_path: Path) -> None:
    """Before any content the other upstream answers; after it, an error in the stream."""
    async with two_worlds(tmp_path) as (near, far):
        near.script("error_after=1")
        chunks = await ask(near, stream=True)
        assert posts(far) == 1
        assert "Internal Server Error" not in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        near.script("error_after=5; long=200; delay=0.01")
        with pytest.raises(openai.APIError):
            await ask(near, stream=True)
        assert posts(far) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_that_is_too_long_goes_to_the_bigger_model(tmp_path: Path, stream: bool) -> None:
    too_long = "status=413; message=Tokens limit exceeded"
    routes = {MODEL: Route(fallback=Fallback(context_overflow=(FAR,)))}
    async with two_worlds(tmp_path, routes=routes) as (near, far):
        near.script(too_long)
        await ask(near, stream=stream)
        assert (posts(near), posts(far)) == (1, 1)
        near.script("status=504")
        assert await attempt(near, stream=stream) == 504
        near.script(too_long)
        far.script("status=504")
        with pytest.raises(openai.BadRequestError) as caught:
            await ask(near, stream=stream)
        assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_withheld_answer_goes_to_another_upstream_only_where_the_route_says(
    tmp_path: Path, stream: bool
) -> None:
    routes = {MODEL: Route(fallback=Fallback(blacklist=(FAR,)))}
    async with two_worlds(tmp_path, routes=routes) as (near, far):
        near.script("blacklist")
        answer = await ask(near)
        assert answer.choices[0].finish_reason == "stop"
        assert (posts(near), posts(far)) == (1, 1)
        near.script("blacklist")
        far.script("status=504")
        assert (await ask(near)).choices[0].finish_reason == "content_filter"
    async with two_worlds(tmp_path) as (near, far):
        near.script("blacklist")
        answer = await ask(near, stream=stream)
        assert (answer[-1] if stream else answer).choices[0].finish_reason == "content_filter"
        assert posts(far) == 0


async def test_a_client_with_its_own_credential_never_uses_the_operators(tmp_path: Path) -> None:
    async with two_worlds(
        tmp_path, routes={"smart": Route(targets=(FAR,)), MODEL: Route(fallback=Fallback(failure=(FAR,)))}
    ) as (near, far):
        headers = {"x-api-key": PASS_KEY, "Authorization": f"Bearer {PERSON.credentials}"}
        async with httpx.AsyncClient() as http:

            async def post(model: str) -> httpx.Response:
                body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
                return await http.post(f"{near.base}/v1/chat/completions", json=body, headers=headers, timeout=20)

            near.script("status=504")
            assert (await post(MODEL)).status_code == 504
            assert (await post("smart")).status_code == 400
        assert posts(far) == 0


async def test_a_full_queue_is_left_for_another_upstream(tmp_path: Path) -> None:
    async with two_worlds(tmp_path, PERSON, queue_timeout=0.2) as (near, far):
        near.script("stall_before=30")
        blocking = asyncio.create_task(ask(near))
        await near.gigachat.app.log.until(lambda seen: seen.path.endswith("/chat/completions"))
        await ask(near)
        assert posts(far) == 1
        blocking.cancel()


async def test_a_key_that_the_upstream_refuses_is_not_sent_again_at_once(tmp_path: Path) -> None:
    wrong = Upstream(name="far", api_key=Secret("gm-wrong"))
    async with two_worlds(tmp_path, routes={"smart": Route(targets=(FAR,))}, far=wrong) as (near, far):
        for _ in range(3):
            assert await attempt(near, model="smart") == 502
        assert posts(far) == 0
        shown = {each["name"]: each for each in (await health(near))["credentials"]}
        assert shown["far"]["token"] == "failed"


# ---- several credentials


async def test_a_conversation_stays_with_its_credential_and_conversations_spread(tmp_path: Path) -> None:
    async with world_of(tmp_path, COMPANY, TRADER) as world:
        for at in range(12):
            for _ in range(3):
                await ask(world, text=f"conversation {at}")
        by_talk: dict[str, set[str | None]] = {}
        for seen in world.seen:
            by_talk.setdefault(seen.headers["x-session-id"], set()).add(seen.client_id)
        assert len(by_talk) == 12
        assert all(len(clients) == 1 for clients in by_talk.values())
        assert len(set.union(*by_talk.values())) == 2


async def test_a_full_credential_is_passed_over(tmp_path: Path) -> None:
    async with world_of(tmp_path, PERSON, msgspec.structs.replace(TRADER, streams=1)) as world:
        world.script(*["stall_before=0.2"] * 6)
        await asyncio.gather(*(ask(world, text="the same") for _ in range(6)))
        assert len({seen.client_id for seen in world.seen}) == 2
        assert all(seen.status == 200 for seen in world.seen)


async def test_a_route_narrows_the_pool_and_shares_by_weight(tmp_path: Path) -> None:
    routes = {
        "second": Route(targets=(Destination(credentials=("account-1",), model="GigaChat-2"),)),
        "shared": Route(
            targets=(
                Destination(model="GigaChat-2", weight=1),
                Destination(upstream="far", model="GigaChat-2", weight=4),
            )
        ),
    }
    async with two_worlds(tmp_path, COMPANY, TRADER, routes=routes) as (near, far):
        for at in range(6):
            await ask(near, model="second", text=f"talk {at}")
        assert {seen.client_id for seen in near.seen} == {TRADER.client_id}
        for at in range(60):
            await ask(near, model="shared", text=f"talk {at}")
        assert 36 <= posts(far) <= 57


async def health(world: World) -> Any:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{world.base}/health")).json()


# ---- what it cost


@pytest.mark.parametrize("directive", ["stall_before=5", "status=504", "empty"])
async def test_an_attempt_that_may_have_generated_is_booked_as_an_estimate(tmp_path: Path, directive: str) -> None:
    routes = {MODEL: Route(fallback=Fallback(failure=(FAR,)), first_content_timeout=0.3)}
    async with two_worlds(tmp_path, routes=routes) as (near, _):
        near.script(directive)
        twice = await ask(near, text="one two three")
        (row,) = await rows(near)
        assert (row.state, row.upstream, row.attempts, row.usage.estimated) == ("done", "far", 2, True)
        assert row.usage.input_tokens > twice.usage.prompt_tokens


async def test_what_answers_decides_the_price(tmp_path: Path) -> None:
    dear = described(GigaChat_2_Pro=UpstreamModel(input_price="1000", output_price="2000"))
    async with two_worlds(tmp_path, far=dear) as (near, _):
        near.script("status=429; retry_after=30")
        usage = (await ask(near)).usage
        (row,) = await rows(near)
        assert (row.model, row.upstream) == (MODEL, "far")
        assert row.cost == usage.prompt_tokens * 1000 + usage.completion_tokens * 2000
        assert row.reserved >= row.cost


async def test_an_answer_that_was_withheld_is_paid_for_too(tmp_path: Path) -> None:
    routes = {MODEL: Route(fallback=Fallback(blacklist=(FAR,)))}
    async with two_worlds(tmp_path, routes=routes) as (near, _):
        near.script("blacklist")
        shown = (await ask(near)).usage
        (row,) = await rows(near)
        assert row.usage.input_tokens > shown.prompt_tokens
