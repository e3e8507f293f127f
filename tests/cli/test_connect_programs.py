"""The programs that `connect` prints for libraries: run where the library is installed, else only compiled."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gigamost.cli.connect.client import Place
from gigamost.cli.connect.clients import CLIENTS
from tests.gateway.conftest import KEY, World, pytest_asyncio_loop_factories, world_of

__all__ = ["pytest_asyncio_loop_factories"]

PYTHON = {client.name: client for client in CLIENTS if client.language == "python"}
RUN = ("langchain", "pydantic-ai")
# These need other versions of packages than the gateway's own tests: they are compiled here, and were run elsewhere.
COMPILED = ("llama-index", "openai-agents")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path / "gateway") as made:
        yield made


def test_every_library_is_named() -> None:
    assert set(PYTHON) == {*RUN, *COMPILED}


@pytest.mark.parametrize("client", PYTHON.values(), ids=lambda client: client.name)
def test_it_is_python(client: Any) -> None:
    compile(Place("http://gw:1", "k", "m").fill(client.code), client.name, "exec")


@pytest.mark.parametrize("name", RUN)
async def test_it_prints_an_answer(world: World, name: str) -> None:
    program = Place(world.base, KEY, "GigaChat-2-Max").fill(PYTHON[name].code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert "Write a line about bridges." in out.decode()
    assert [seen.status for seen in world.seen] == [200]


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.language == "javascript"])
async def test_it_is_javascript(client: Any, tmp_path: Path) -> None:
    program = tmp_path / "program.mjs"
    program.write_text(Place("http://gw:1", "k", "m").fill(client.code))
    process = await asyncio.create_subprocess_exec("node", "--check", program, stderr=asyncio.subprocess.PIPE)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
