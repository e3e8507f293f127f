"""A gateway whose routes go to several credentials of an emulator, and to another upstream that speaks OpenAI's wire:
a second gateway, in front of an emulator of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import openai

from gigamost.config import Upstream, UpstreamModel
from gigamost.core.secret import Secret
from gigamost.emulator import Account
from gigamost.routing.breaker import Breaker
from gigamost.routing.table import Destination, Fallback, Route
from tests.gateway.conftest import KEY, World, world_of

MODEL = "GigaChat-2-Max"
FAR = Destination(upstream="far", model="GigaChat-2-Pro")
WITH_FALLBACK = {MODEL: Route(fallback=Fallback(failure=(FAR,)))}


@asynccontextmanager
async def two_worlds(
    state: Path, *accounts: Account, routes: dict[str, Route] | None = None, far: Upstream | None = None, **changes: Any
) -> AsyncIterator[tuple[World, World]]:
    """The gateway under test, and the upstream `far` of its routes."""
    async with world_of(state / "far") as behind:
        row = Upstream(name="far", base_url=f"{behind.base}/v1", api_key=Secret(KEY))
        if far is not None:
            row = msgspec.structs.replace(far, base_url=row.base_url)
        table = WITH_FALLBACK if routes is None else routes
        async with world_of(state / "near", *accounts, upstreams=(row,), routes=table, **changes) as near:
            yield near, behind


def described(**models: UpstreamModel) -> Upstream:
    """The upstream `far` with these models (`_` in a name stands for a dash) and no others."""
    named = {name.replace("_", "-"): model for name, model in models.items()}
    return Upstream(name="far", api_key=Secret(KEY), models=named)


async def ask(world: World, *, model: str = MODEL, stream: bool = False, text: str = "hi", **fields: Any) -> Any:
    """The answer, or the chunks of it."""
    messages: Any = fields.pop("messages", [{"role": "user", "content": text}])
    answer: Any = await world.openai.chat.completions.create(model=model, messages=messages, stream=stream, **fields)
    return [chunk async for chunk in answer] if stream else answer


async def attempt(world: World, **fields: Any) -> int:
    """The status that the client sees."""
    try:
        await ask(world, **fields)
    except openai.APIStatusError as error:
        return error.status_code
    return 200


def posts(world: World) -> int:
    return len(world.seen)


def breaker(world: World) -> Breaker:
    """Of its first credential."""
    found: Breaker = world.gateway.gateway.accounts.operator[0].breaker
    return found
