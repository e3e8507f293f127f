"""Anthropic's official client for Node, and its own runner of tools."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.running import converse
from tests.gateway.conftest import KEY, World


async def anthropic(world: World, home: Path, conversation: str) -> Any:
    env = {"ANTHROPIC_BASE_URL": world.base, "ANTHROPIC_API_KEY": KEY}
    return await converse("anthropic", conversation, home=home, env=env)


async def test_chat(world: World, tmp_path: Path) -> None:
    told = await anthropic(world, tmp_path, "chat")
    assert (told["text"], told["stop"]) == ("Hello.", "end_turn")
    assert told["id"]
    assert told["counted"] > 0


async def test_a_stream(world: World, tmp_path: Path) -> None:
    world.script("delay=0.02")
    told = await anthropic(world, tmp_path, "stream")
    assert told["text"] == ", ".join(map(str, range(1, 31)))
    assert told["same"]
    assert told["pieces"] > 1
    assert told["usage"]["input_tokens"] > 0
    assert told["usage"]["output_tokens"] > 0


async def test_it_runs_tools(parallel: World, tmp_path: Path) -> None:
    told = await anthropic(parallel, tmp_path, "tools")
    assert told["asked"] == ["Oslo", "Rome"] * 2
    for said in told["said"]:
        assert said.index("Oslo") < said.index("Rome")


async def test_structured_output(world: World, tmp_path: Path) -> None:
    assert await anthropic(world, tmp_path, "structured") == {"city": "Oslo", "population": 700000}


async def test_an_error(world: World, tmp_path: Path) -> None:
    told = await anthropic(world, tmp_path, "errors")
    assert (told["kind"], told["status"], told["type"]) == ("NotFoundError", 404, "not_found_error")
    assert told["id"]


@pytest.mark.parametrize("directive", ["cut=900", "reset=900"])
async def test_a_cut_stream_is_an_error(world: World, tmp_path: Path, directive: str) -> None:
    world.script(directive)
    told = await anthropic(world, tmp_path, "cut")
    assert told["text"].startswith("1, 2, 3")
    assert told["kind"] == "APIError"
