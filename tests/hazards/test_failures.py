"""What a client of every protocol hears when GigaChat fails: a status before the first content, an error of its own
form after it, and never a success."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gigamost.config import Models
from gigamost.emulator import COMPANY
from gigamost.pipeline.recovery import MAX_POSTS
from tests.gateway.conftest import IN_MEMORY, World, world_of
from tests.hazards.asking import TIME, ask, said
from tests.hazards.dialects.chat import DIALECT as CHAT
from tests.hazards.dialects.talk import MODEL, Dialect


@pytest.fixture(params=["v1", "v2"])
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """GigaChat by either of its versions: they fail in different frames."""
    async with world_of(
        tmp_path, database_url=IN_MEMORY, models=Models(capabilities={MODEL: {"api": request.param}})
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("directive", "status"),
    [
        ("status=400", 400),
        ("status=402", 402),
        ("status=403", 502),
        ("status=404", 404),
        ("status=413", 413),
        ("status=422", 400),
        ("status=429; retry_after=30", 429),
        ("status=500", 502),
        ("status=504", 504),
        ("empty", 502),
        ("error_body_in_200=500", 502),
        ("cut=20", 502),
        ("malformed", 502),
    ],
)
async def test_before_the_first_content_a_failure_is_a_status(
    world: World, dialect: Dialect, streamed: bool, directive: str, status: int
) -> None:
    world.script(*[directive] * MAX_POSTS)
    answered = await ask(world, dialect, said("hi"), stream=streamed)
    assert answered.status == status
    assert answered.heard.error
    assert "127.0.0.1" not in answered.body.decode()
    assert ("retry-after" in answered.headers) == (status == 429)


async def test_a_stranger_hears_it_in_the_protocols_own_form(world: World, dialect: Dialect, streamed: bool) -> None:
    answered = await ask(world, dialect, said("hi"), stream=streamed, key="gm-unknown-key")
    assert answered.status == 401
    assert answered.heard.error
    assert "not known" in answered.heard.error


async def test_an_unknown_model_and_an_empty_conversation(
    world: World, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = await ask(world, dialect, said(""))
    assert (empty.status, empty.heard.error is None) in ((400, False), (200, True))
    for name in ("chat", "responses", "anthropic", "gemini", "ollama", "bedrock"):
        monkeypatch.setattr(f"tests.hazards.dialects.{name}.MODEL", "no-such-model")
    unknown = await ask(world, dialect, said("hi"))
    assert unknown.status == 404
    assert unknown.heard.error
    assert "no-such-model" in unknown.heard.error


async def test_a_stream_cut_at_every_frame_is_never_a_success(world: World, dialect: Dialect) -> None:
    """Ends of every frame of the upstream's stream, and one byte beyond each."""
    ends, finish = await _frame_ends(world, "long=40; delay=0.001")
    assert len(ends) > 6
    for end in ends:
        for size in (end, end + 1):
            world.script(f"long=40; delay=0.001; cut={size}")
            answered = await ask(world, dialect, said("hi"), stream=True)
            heard = answered.heard
            assert heard.error, (size, answered.body)
            assert (heard.ended, heard.finish, heard.calls) == (False, "", []), size
    world.script(f"long=40; delay=0.001; cut={finish + 2}")  # the cached tokens may have two digits now
    assert (await ask(world, dialect, said("hi"), stream=True)).heard.ended


async def _frame_ends(world: World, directive: str) -> tuple[list[int], int]:
    """Offsets after each frame of the emulator's own stream before the one that finishes it, and after that."""
    await ask(world, CHAT, said("hi"))
    path, content = world.seen[-1].path, world.sent["messages"][0]["content"]
    async with httpx.AsyncClient(base_url=world.gigachat.base_url.removesuffix("/api/v1")) as http:
        granted = await http.post(
            "/api/v2/oauth",
            data={"scope": COMPANY.scope},
            headers={"Authorization": f"Basic {COMPANY.credentials}", "RqUID": "6f0b1291-c7f3-43c6-bb2e-9f3efb2dc98e"},
        )
        body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "stream": True}
        token = {"Authorization": f"Bearer {granted.json()['access_token']}", "X-Emulator": directive}
        stream = (await http.post(path, json=body, headers=token)).content
    frames = [frame for frame in stream.split(b"\n\n")[:-1] if frame != b"data: [DONE]"]
    ends = [sum(len(frame) + 2 for frame in frames[: at + 1]) for at in range(len(frames))]
    return ends[:-1], ends[-1]


@pytest.mark.parametrize("directive", ["malformed=4", "error_after=3", "no_finish; no_done; delay=0.001"])
async def test_an_error_in_the_middle_of_a_part(world: World, dialect: Dialect, directive: str) -> None:
    world.script(f"{directive}; long=60" + ("" if "delay" in directive else "; delay=0.001"))
    answered = await ask(world, dialect, said("hi"), stream=True)
    assert answered.status == 200
    assert answered.heard.error
    assert answered.heard.text.startswith("word1")
    assert len(world.seen) == 1


async def test_a_call_that_a_failure_cuts_is_never_completed(world: World, dialect: Dialect) -> None:
    """An agent would run half of it: `rm -rf /` of `rm -rf /tmp/x`."""
    world.script(*["call=time; split_arguments=text; two_chunks; error_after=1"] * 2)
    answered = await ask(world, dialect, said("time", tools=(TIME,)), stream=True)
    assert not answered.heard.calls
    assert answered.heard.error
    assert answered.heard.finish != "tools"


async def test_a_client_that_leaves_ends_the_request_upstream(world: World, dialect: Dialect, streamed: bool) -> None:
    world.script("stall_after=2; long=100; delay=0.01" if streamed else "stall_before=30")
    asking = asyncio.create_task(ask(world, dialect, said("hi"), stream=streamed))
    seen = await world.gigachat.app.log.until(lambda seen: seen.path.endswith("/chat/completions"))
    asking.cancel()
    left = asyncio.get_running_loop().time()
    ended = await world.gigachat.app.log.until(
        lambda record: record.serial == seen.serial and record.ending == "disconnected"
    )
    assert ended.finished is not None
    assert asyncio.get_running_loop().time() - left < 0.25
    account = world.gateway.gateway.accounts.operator[0]
    assert account.gate.snapshot().in_flight == 0
