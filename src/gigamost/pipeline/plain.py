"""What the plain tasks share: their headers, and many calls at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from gigamost.pipeline.context import Context

AT_ONCE: Final = 4  # calls of one request that are under way at the same time: others want the credential as well

Item = TypeVar("Item")
Result = TypeVar("Result")


def json_headers(context: Context, client: str = "") -> dict[str, str]:
    """`client` is the value of `X-Client-ID`, "" for none."""
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Request-ID": context.request_id,
    }
    return headers | ({"X-Client-ID": client} if client else {})


async def each(items: Iterable[Item], do: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """What `do` gives for every item, in their order, some at a time. The first failure ends the others."""
    free = asyncio.Semaphore(AT_ONCE)

    async def turn(item: Item) -> Result:
        async with free:
            return await do(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(turn(item)) for item in items]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
