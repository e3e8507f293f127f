"""A gateway whose first tenant keeps its prompts, and the administrator who reads them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gigamost.core.secret import Secret
from tests.gateway.conftest import World, world_of

MASTER = "the master key of the tests"
PREFIX = "/admin/api"


class Reader:
    """`world` is the gateway, `http` an administrator."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.http = http

    async def call(self, method: str, path: str, status: int = 200, body: Any = None, **query: Any) -> Any:
        """After everything that was said until now is written."""
        await self.written()
        content = None if body is None else msgspec.json.encode(body)
        answer = await self.http.request(method, PREFIX + path, content=content, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def written(self) -> None:
        await self.world.gateway.gateway.asgi.idle()
        assert await self.world.gateway.gateway.remembering.recorder.drain(20)

    async def listed(self, **query: Any) -> list[Any]:
        found: list[Any] = (await self.call("GET", "/conversations", **query))["data"]
        return found

    async def exchanges(self, **query: Any) -> list[Any]:
        """All that the filters allow, as the export has them."""
        await self.written()
        answer = await self.http.get(f"{PREFIX}/conversations/export", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [msgspec.json.decode(line) for line in answer.content.splitlines()]

    async def last(self) -> Any:
        return (await self.exchanges())[-1]


@asynccontextmanager
async def remembering(state: Path, tenants: tuple[str, ...] = ("first",), **changes: Any) -> AsyncIterator[Reader]:
    """`tenants` are made, and keep what is said."""
    async with (
        world_of(state, master_key=Secret(MASTER), **changes) as world,
        httpx.AsyncClient(base_url=world.base, timeout=20, headers={"Authorization": f"Bearer {MASTER}"}) as http,
    ):
        reader = Reader(world, http)
        for tenant in tenants:
            terms = {"name": tenant, "defaults": {"keeps_prompts": True}}
            await reader.call("POST", "/tenants", 201, terms)
        yield reader
