"""A gateway on a real socket for the client programs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gigamost.config import Models
from tests.gateway.conftest import IN_MEMORY, World, pytest_asyncio_loop_factories, world_of

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path / "gateway", database_url=IN_MEMORY) as made:
        yield made


@pytest.fixture
async def parallel(tmp_path: Path) -> AsyncIterator[World]:
    """Where a model may call several tools at once: GigaChat's second API."""
    async with world_of(tmp_path / "gateway", models=Models(capabilities={"GigaChat-2-Max": {"api": "v2"}})) as made:
        yield made
