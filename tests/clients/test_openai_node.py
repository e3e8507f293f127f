"""OpenAI's official client for Node: another reader of streams, another builder of requests than Python's."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.running import converse
from tests.gateway.conftest import KEY, World

OSLO = {"city": "Oslo", "population": 700000}


async def openai(world: World, home: Path, conversation: str) -> Any:
    env = {"OPENAI_BASE_URL": f"{world.base}/v1", "OPENAI_API_KEY": KEY}
    return await converse("openai", conversation, home=home, env=env)


async def test_chat(world: World, tmp_path: Path) -> None:
    told = await openai(world, tmp_path, "chat")
    assert (told["text"], told["model"]) == ("Hello.", "GigaChat-2-Max")
    assert told["id"]


async def test_a_stream(world: World, tmp_path: Path) -> None:
    world.script("delay=0.02")
    told = await openai(world, tmp_path, "stream")
    assert told["text"] == ", ".join(map(str, range(1, 31)))
    assert told["same"]
    assert told["pieces"] > 1
    assert told["usage"]["total_tokens"] == told["usage"]["prompt_tokens"] + told["usage"]["completion_tokens"] > 0


async def test_it_runs_tools(parallel: World, tmp_path: Path) -> None:
    told = await openai(parallel, tmp_path, "tools")
    assert told["asked"] == ["Oslo", "Rome"] * 2
    for said in told["said"]:
        assert said.index("Oslo") < said.index("Rome")


async def test_structured_output(world: World, tmp_path: Path) -> None:
    assert await openai(world, tmp_path, "structured") == [OSLO, OSLO]


async def test_responses(world: World, tmp_path: Path) -> None:
    told = await openai(world, tmp_path, "responses")
    assert (told["first"], told["same"], told["status"]) == ("Hello.", True, "completed")
    assert "Say 'Hello' and nothing else" in told["last"]


async def test_tools_of_responses(parallel: World, tmp_path: Path) -> None:
    told = await openai(parallel, tmp_path, "responsesTools")
    assert told["calls"] == ["Oslo", "Rome"]
    assert told["said"].index("clear over Oslo") < told["said"].index("clear over Rome")


async def test_embeddings(world: World, tmp_path: Path) -> None:
    assert await openai(world, tmp_path, "embeddings") == {"lengths": [1024, 1024], "close": True}


async def test_an_error(world: World, tmp_path: Path) -> None:
    told = await openai(world, tmp_path, "errors")
    assert (told["kind"], told["status"], told["code"]) == ("NotFoundError", 404, "model_not_found")
    assert told["id"]


@pytest.mark.parametrize("directive", ["cut=900", "reset=900"])
async def test_a_cut_stream_is_an_error(world: World, tmp_path: Path, directive: str) -> None:
    world.script(directive)
    told = await openai(world, tmp_path, "cut")
    assert told["text"].startswith("1, 2, 3")
    assert told["kind"] == "APIError"
