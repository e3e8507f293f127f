"""R12: 429 with every kind of `Retry-After`: a short wait is taken, any other goes to the client at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import monotonic

import httpx
import pytest

from gigamost.pipeline.recovery import FIRST_PAUSE, LONGEST_RETRY_AFTER, MAX_POSTS
from tests.gateway.conftest import IN_MEMORY, KEY, World, world_of

PAUSES = FIRST_PAUSE * (2**MAX_POSTS - 1)  # of all retries together, at most
SLACK = 3.0  # seconds for a busy machine


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, database_url=IN_MEMORY) as made:
        yield made


def date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("after", "posts"),
    [
        ("", MAX_POSTS),
        ("0", MAX_POSTS),
        ("1", MAX_POSTS),
        ("30", 1),
        ("-1", 1),
        ("-1e9", 1),
        ("1e9", 1),
        ("1000000000", 1),
        ("99999999999999999999999999", 1),
        ("nan", 1),
        ("inf", 1),
        ("soon", 1),
        ("date in an hour", 1),
        ("date of yesterday", None),
    ],
)
async def test_a_wait_is_short_or_the_clients(world: World, after: str, posts: int | None, stream: bool) -> None:
    said = {"date in an hour": date(3600), "date of yesterday": date(-86_400)}.get(after, after)
    world.script(*[f"status=429; retry_after={said}" if said else "status=429"] * MAX_POSTS)
    body = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}], "stream": stream}
    began = monotonic()
    async with httpx.AsyncClient(base_url=world.base, timeout=60) as http:
        answer = await http.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {KEY}"})
    took = monotonic() - began
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) < 2**31
    assert len(world.seen) == (posts or len(world.seen)) <= MAX_POSTS
    assert took < (len(world.seen) - 1) * LONGEST_RETRY_AFTER + PAUSES + SLACK


@pytest.mark.parametrize("status", [400, 402, 404, 422])
async def test_what_the_same_again_cannot_help_is_never_sent_again(world: World, status: int) -> None:
    world.script(*[f"status={status}; retry_after=0"] * MAX_POSTS)
    body = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}]}
    async with httpx.AsyncClient(base_url=world.base, timeout=60) as http:
        await http.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert len(world.seen) == 1
