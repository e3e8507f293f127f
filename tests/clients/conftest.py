"""A gateway on a real socket for the client programs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.conftest import World, pytest_asyncio_loop_factories, world_of

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path / "gateway") as made:
        yield made
