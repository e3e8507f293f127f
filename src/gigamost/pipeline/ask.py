"""One plain request to an upstream (all but chat): the same credential, gate and table of recovery, no stream."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import NamedTuple, TypeVar

from gigamost.core.errors import GatewayError
from gigamost.pipeline.desk import Trail, Visit
from gigamost.pipeline.recovery import (
    MAX_POSTS,
    STEPS,
    Failed,
    failed_status,
    failed_transport,
    for_client,
    pause,
)
from gigamost.pipeline.turn import Turn
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
    visit: Visit | None,
    gate: tuple[str, float] | None = None,
) -> Answered:
    """Raises GatewayError.

    `visit` is the client's request for which this is asked, and must be reserved; None for the gateway's own needs.
    `gate`: (tenant, seconds to wait) for calls that count as one of the credential's streams. With several accounts
    the second one is asked when the first has failed, never after a possible generation of the same answer twice.
    """
    if visit is not None:
        visit.require()
    trail = visit.trail if visit is not None else Trail()
    for at, account in enumerate(accounts[:2]):
        trail.upstream = account.name
        try:
            if gate is None:
                once = partial(_once, account, method, path, headers, body, trail)
                return Answered(account, await retried(once, account))
            before_sending = visit.before_sending if visit is not None else None
            account, place = await account.place(*gate, yields=before_sending is not None)
            with place:
                if account.is_draining and at + 1 < len(accounts[:2]):
                    continue  # it was taken out while the request waited for its turn
                once = partial(_once, account, method, path, headers, body, trail)
                if before_sending is not None:
                    await before_sending()
                return Answered(account, await retried(once, account, is_generation=True))
        except Failed as failed:
            if at + 1 == len(accounts[:2]) or STEPS[failed.cause] == "fail":
                raise for_client(failed.problem, client_owned=account.client_owned) from None
    raise ValueError("a request needs at least one account")


async def retried(once: Callable[[], Awaitable[Result]], account: Account, *, is_generation: bool = False) -> Result:
    """One request under one credential, again as often as the table of recovery and its budget allow. Raises what
    `once` does at last. A generation also says how the credential stands."""
    turn = Turn(account) if is_generation else None
    refreshed = False
    try:
        for posts in range(1, MAX_POSTS + 1):
            try:
                result = await once()
            except Failed as failed:
                step, wait = STEPS[failed.cause], pause(failed.problem, posts)
                if step == "refresh" and not refreshed and posts < MAX_POSTS:
                    refreshed = True
                    continue
                if turn is not None:
                    turn.note(failed)
                if posts == MAX_POSTS:
                    raise
                if step == "retry" and wait is not None and account.retries.spend(monotonic()):
                    await asyncio.sleep(wait)
                else:
                    raise
            else:
                if turn is not None:
                    turn.note(None)
                return result
    finally:
        if turn is not None:
            turn.end()
    raise AssertionError("the last post returns or raises")


async def _once(
    account: Account, method: str, path: str, headers: Mapping[str, str], body: bytes, trail: Trail
) -> bytes:
    trail.posts += 1
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
