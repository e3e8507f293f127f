"""What commands do with the store that a gateway has, without one: by the classes behind its API."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Place
from gigamost.app.administration import Administration, administration
from gigamost.app.place import kept_at
from gigamost.cli.terminal import say
from gigamost.config import load

Result = TypeVar("Result")
_PAGE: Final = 500


def with_administration(config: Path | None, do: Callable[[Administration], Awaitable[Result]]) -> Result:
    settings = load(config=config)

    async def run() -> Result:
        async with administration(settings, kept_at(settings)) as office:
            return await do(office)

    return asyncio.run(run())


async def every(page: Callable[[Place], Awaitable[wire.Page[wire.Item]]]) -> list[wire.Item]:
    found = await page(Place(limit=_PAGE))
    items = [*found.data]
    while found.next_cursor is not None:
        found = await page(Place(found.next_cursor, _PAGE))
        items += found.data
    return items


def say_json(value: object) -> None:
    say(msgspec.json.format(msgspec.json.encode(value)).decode())
