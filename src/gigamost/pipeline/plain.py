"""What the plain tasks share: their headers, many calls at once, and the first credential that serves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from gigamost.core.errors import GatewayError, Kind
from gigamost.pipeline.context import Context
from gigamost.upstreams.account import Account

AT_ONCE: Final = 4  # calls of one request that are under way at the same time: others want the credential as well
# What one credential's trouble is, and not the request's.
_ELSEWHERE: Final = frozenset({Kind.RATE_LIMITED, Kind.UPSTREAM_FAILED, Kind.UPSTREAM_TIMEOUT, Kind.UNAVAILABLE})

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


async def first_served(
    accounts: Sequence[Account], do: Callable[[Account], Awaitable[Result]]
) -> tuple[Account, Result]:
    """What the first account gives, else the second, and which of them it was: what an answer names lies under that
    credential alone. Raises GatewayError."""
    *others, last = accounts[:2]
    for account in others:
        try:
            return account, await do(account)
        except GatewayError as error:
            if error.problem.kind not in _ELSEWHERE:
                raise
    return last, await do(last)
