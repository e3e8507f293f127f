"""One plain request to an upstream (all but chat): the same credential, gate and table of recovery, no stream."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from gigamost.core.errors import GatewayError
from gigamost.pipeline.recovery import (
    MAX_POSTS,
    STEPS,
    Failed,
    failed_status,
    failed_transport,
    for_client,
    pause,
)
from gigamost.protocols.gigachat.problems import decode_error
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import TransportError

Result = TypeVar("Result")


class Answered(NamedTuple):
    """A whole 2xx answer, and the account that gave it: what the answer names lies under that credential alone."""

    account: Account
    body: bytes


async def ask(
    accounts: Sequence[Account],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    gate: tuple[str, float] | None = None,
) -> Answered:
    """Raises GatewayError.

    `gate`: (tenant, seconds to wait) for calls that count as one of the credential's streams. With several accounts
    the second one is asked when the first has failed, never after a possible generation of the same answer twice.
    """
    for at, account in enumerate(accounts[:2]):
        once = partial(_once, account, method, path, headers, body)
        try:
            if gate is None:
                return Answered(account, await retried(once))
            with await account.gate.acquire(*gate):
                return Answered(account, await retried(once))
        except Failed as failed:
            if at + 1 == len(accounts[:2]) or STEPS[failed.cause] == "fail":
                raise for_client(failed.problem, client_owned=account.client_owned) from None
    raise ValueError("a request needs at least one account")


async def retried(once: Callable[[], Awaitable[Result]]) -> Result:
    """One request to one target, again as often as the table of recovery allows. Raises what `once` does at last."""
    refreshed = False
    for posts in range(1, MAX_POSTS + 1):
        try:
            return await once()
        except Failed as failed:
            step, wait = STEPS[failed.cause], pause(failed.problem, posts)
            if posts == MAX_POSTS:
                raise
            if step == "refresh" and not refreshed:
                refreshed = True
            elif step == "retry" and wait is not None:
                await asyncio.sleep(wait)
            else:
                raise
    raise AssertionError("the last post returns or raises")


async def _once(account: Account, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    try:
        response, refuse_token = await account.send(method, path, headers, body)
        try:
            data = await response.read()
        finally:
            response.close()
    except GatewayError as error:
        raise Failed("no_token", error.problem) from error
    except TransportError as error:
        raise failed_transport(error) from error
    if 200 <= response.status < 300:
        return data
    if response.status == 401:
        refuse_token()
    raise failed_status(response.status, decode_error(response.status, response.headers, data))
