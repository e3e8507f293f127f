"""Google's official client for Node, and its own calling of functions."""

from pathlib import Path
from typing import Any

from tests.clients.running import converse
from tests.gateway.conftest import KEY, World


async def genai(world: World, home: Path, conversation: str) -> Any:
    return await converse("genai", conversation, home=home, env={"BASE_URL": world.base, "GEMINI_API_KEY": KEY})


async def test_a_chat(world: World, tmp_path: Path) -> None:
    told = await genai(world, tmp_path, "chat")
    assert told["first"] == "Hello."
    assert "Say 'Hello' and nothing else" in told["second"]
    assert told["counted"] > 0


async def test_a_stream(world: World, tmp_path: Path) -> None:
    world.script("delay=0.02")
    told = await genai(world, tmp_path, "stream")
    assert told["text"] == ", ".join(map(str, range(1, 31)))
    assert told["pieces"] > 1
    assert told["usage"]["totalTokenCount"] > 0


async def test_it_calls_functions(parallel: World, tmp_path: Path) -> None:
    told = await genai(parallel, tmp_path, "tools")
    assert told["asked"] == ["Oslo", "Rome"]
    assert told["said"].index("Oslo") < told["said"].index("Rome")


async def test_structured_output(world: World, tmp_path: Path) -> None:
    assert await genai(world, tmp_path, "structured") == {"city": "Oslo", "population": 700000}


async def test_embeddings(world: World, tmp_path: Path) -> None:
    assert await genai(world, tmp_path, "embeddings") == [1024, 1024]


async def test_an_error(world: World, tmp_path: Path) -> None:
    assert await genai(world, tmp_path, "errors") == {"kind": "ApiError", "status": 404, "named": True}
