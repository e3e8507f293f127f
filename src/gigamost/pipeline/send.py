"""Sends one chat request to the targets of a route until one of them answers with content. See `recovery`.

target: acquire a slot > token > post > [refresh once | correct the dialect once | retry]* > first content event
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic

import msgspec

from gigamost.core.codec import Call, Wire
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.events import Failure, Finish
from gigamost.core.models import Model
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.recovery import (
    MAX_POSTS,
    STEPS,
    Failed,
    failed_inside,
    failed_status,
    failed_transport,
    for_client,
    pause,
)
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import TransportError

_ERROR_LIMIT = 1024 * 1024  # bytes of an error's body that are worth reading
EMPTY = Problem(Kind.UPSTREAM_FAILED, "The upstream answered with nothing at all.", code="upstream_empty")


class Target(msgspec.Struct, frozen=True):
    """One place a request may go: a model under one credential, spoken to over one wire."""

    account: Account
    wire: Wire
    model: Model


class Trail(msgspec.Struct):
    """What a request went through, for its response headers and the log."""

    upstream: str = ""
    posts: int = 0
    upstream_seconds: float = 0.0
    queued_seconds: float = 0.0


class Ready(msgspec.Struct, frozen=True):
    """A request made for one target. `release` gives back the files it uses; `forget` makes the next attempt upload
    them again and says whether that could help."""

    call: Call
    headers: Mapping[str, str]
    release: Callable[[], None]
    forget: Callable[[], bool]


Prepare = Callable[[Target, frozenset[str]], Awaitable[Ready]]


class Sender:
    """`queue_timeout` and `first_content_timeout` are seconds. Learnt dialect corrections are kept per upstream and
    model, for the life of the process."""

    def __init__(self, *, queue_timeout: float, first_content_timeout: float) -> None:
        self._queue_timeout = queue_timeout
        self.first_content_timeout = first_content_timeout
        self._dialects: dict[tuple[str, str], frozenset[str]] = {}

    async def open(self, targets: Sequence[Target], prepare: Prepare, tenant: str, trail: Trail) -> Opened:
        """An answer whose first content (or end) has come. Raises GatewayError: nothing was sent to the client yet."""
        candidates = targets[:2]  # one failover
        for at, target in enumerate(candidates):
            has_next = at + 1 < len(candidates)
            attempt = _Attempt(self, target, prepare, trail, self.first_content_timeout if has_next else None)
            try:
                return await attempt.run(tenant)
            except Failed as failed:
                if not has_next or STEPS[failed.cause] == "fail":
                    raise for_client(failed.problem, client_owned=target.account.client_owned) from None
        raise ValueError("a route needs at least one target")

    def dialect(self, target: Target) -> frozenset[str]:
        return self._dialects.get((target.account.upstream, target.model.id), frozenset())

    def learn(self, target: Target, correction: str) -> None:
        self._dialects[(target.account.upstream, target.model.id)] = self.dialect(target) | {correction}

    async def acquire(self, target: Target, tenant: str, trail: Trail) -> Callable[[], None]:
        before = monotonic()
        slot = await target.account.gate.acquire(tenant, self._queue_timeout)
        trail.queued_seconds += monotonic() - before
        return slot.release


class _Attempt:
    """The posts to one target."""

    def __init__(self, sender: Sender, target: Target, prepare: Prepare, trail: Trail, patience: float | None) -> None:
        self._sender = sender
        self._target = target
        self._prepare = prepare
        self._trail = trail
        self._patience = patience
        self._dialect = sender.dialect(target)
        self._asked: tuple[str, str] | None = None  # a correction that is being tried, and the refusal it answers
        trail.upstream = target.account.name

    async def run(self, tenant: str) -> Opened:
        release = await self._sender.acquire(self._target, tenant, self._trail)
        try:
            opened = await self._posts()
        except BaseException:
            release()
            raise
        opened.on_close(release)
        if opened.ended:
            opened.close()
        return opened

    async def _posts(self) -> Opened:
        ready = await self._prepare(self._target, self._dialect)
        mended: set[str] = set()  # each way of mending a refused request is tried once
        try:
            for posts in range(1, MAX_POSTS + 1):
                try:
                    opened = await self._post(ready)
                except Failed as failed:
                    if posts == MAX_POSTS:
                        raise
                    mend = self._mend(ready, failed, mended)
                    wait = pause(failed.problem, posts)
                    if mend is not None:
                        mended.add(mend)
                        if mend != "refresh":
                            ready.release()
                            ready = await self._prepare(self._target, self._dialect)
                    elif STEPS[failed.cause] == "retry" and wait is not None:
                        await asyncio.sleep(wait)
                    else:
                        raise
                else:
                    self._learn()
                    opened.on_close(ready.release)
                    return opened
        except BaseException:
            ready.release()
            raise
        raise AssertionError("the last post returns or raises")

    def _mend(self, ready: Ready, failed: Failed, mended: set[str]) -> str | None:
        """What can still be changed about a refused request: token, dialect, files that the upstream has lost."""
        if STEPS[failed.cause] == "refresh":
            return "refresh" if "refresh" not in mended else None
        if failed.cause != "refused":
            return None
        if self._asked is not None and failed.problem.message != self._asked[1]:
            self._learn()
        elif self._asked is not None:
            self._dialect -= {self._asked[0]}
        correction = ready.call.correct(failed.problem)
        if correction is not None and correction not in mended:
            self._asked = correction, failed.problem.message
            self._dialect |= {correction}
            return correction
        return "files" if "files" not in mended and ready.forget() else None

    def _learn(self) -> None:
        """The refusal that asked for a correction is gone: it helped. One that did not is not remembered."""
        if self._asked is not None:
            self._sender.learn(self._target, self._asked[0])
            self._asked = None

    async def _post(self, ready: Ready) -> Opened:
        self._trail.posts += 1
        before = monotonic()
        try:
            if self._patience is None:
                return await self._first_content(ready)
            async with asyncio.timeout(self._patience):
                return await self._first_content(ready)
        except TimeoutError:
            # Another target may be faster. What this one generates until it notices is booked as an estimate.
            raise failed_transport(TransportError("silence", "no content within first_content_timeout")) from None
        except TransportError as error:
            raise failed_transport(error) from error
        finally:
            self._trail.upstream_seconds += monotonic() - before

    async def _first_content(self, ready: Ready) -> Opened:
        account, call = self._target.account, ready.call
        try:
            response, refuse_token = await account.send_to("POST", call.url(account.base_url), ready.headers, call.body)
        except GatewayError as error:
            raise Failed("no_token", error.problem) from error
        try:
            if response.status != 200:
                problem = self._target.wire.decode_error(
                    response.status, response.headers, await response.read(_ERROR_LIMIT)
                )
                if response.status == 401:
                    refuse_token()
                raise failed_status(response.status, problem)
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                opened = Opened(account, response, call.decoder())
                while not (opened.has_content or opened.ended):
                    opened.add(await opened.read())
            else:
                opened = Opened(account, response, None)
                opened.add(call.decode(await response.read()))
            _demand_content(opened)
        except BaseException:
            response.close()
            raise
        return opened


def _demand_content(opened: Opened) -> None:
    """An answer that failed, or ended, before the client had anything to see may still be asked for elsewhere."""
    if opened.has_content or not opened.first:
        return
    match opened.first[-1]:
        case Failure(problem=problem):
            raise failed_inside(problem)
        case Finish(reason="stop"):
            raise Failed("empty", EMPTY)
        case _:
            return
