"""Every hazard meets every protocol, whole and streamed: gateway and emulator as in `tests.gateway`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.conftest import IN_MEMORY, World, pytest_asyncio_loop_factories, world_of
from tests.hazards.dialects import ALL
from tests.hazards.dialects.talk import Dialect

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path, database_url=IN_MEMORY) as made:
        yield made


@pytest.fixture(params=ALL, ids=lambda dialect: dialect.body.__module__.rpartition(".")[2])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
