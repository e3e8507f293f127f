"""Asks one target until its first content has come, or there is no use in asking on. See `recovery`.

slot > token > post > [refresh once | correct the dialect once | retry]* > first content event
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Protocol

import msgspec

from gigamost.core.codec import Call
from gigamost.core.errors import GatewayError
from gigamost.core.events import Failure, Finish
from gigamost.pipeline.desk import Visit
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.recovery import (
    BROKEN_CALL,
    EMPTY,
    MAX_POSTS,
    STEPS,
    Failed,
    failed_inside,
    failed_status,
    failed_transport,
    pause,
)
from gigamost.pipeline.targets import Target, price_name
from gigamost.pipeline.turn import Turn
from gigamost.upstreams.http import TransportError

_ERROR_LIMIT = 1024 * 1024  # bytes of an error's body that are worth reading


class Ready(msgspec.Struct, frozen=True):
    """A request made for one target. `release` gives back the files it uses; `forget` makes the next attempt upload
    them again and says whether that could help."""

    call: Call
    headers: Mapping[str, str]
    release: Callable[[], None]
    forget: Callable[[], bool]


Prepare = Callable[[Target, frozenset[str]], Awaitable[Ready]]


class Lane(Protocol):
    """What the attempts of all requests share."""

    def dialect(self, target: Target) -> frozenset[str]:
        """The corrections learnt for its upstream and model."""
        ...

    def learn(self, target: Target, correction: str) -> None: ...

    async def acquire(self, target: Target, visit: Visit) -> Callable[[], None]:
        """A place under its credential, until that is called. Raises GatewayError (429)."""
        ...


class Moved(Exception):  # noqa: N818 - nothing has failed
    """The credential was taken out while the request waited for its turn: nothing was sent."""


class Attempt:
    """The posts to one target, and what they say about its credential. `patience`: seconds to the first content. What
    `may_move` leaves a credential that was taken out meanwhile."""

    def __init__(
        self,
        lane: Lane,
        target: Target,
        prepare: Prepare,
        visit: Visit,
        patience: float | None,
        *,
        may_move: bool = False,
    ) -> None:
        self._lane = lane
        self._target = target
        self._prepare = prepare
        self._visit = visit
        self._trail = visit.trail
        self._patience = patience
        self._may_move = may_move
        self._dialect = lane.dialect(target)
        self._asked: tuple[str, str] | None = None  # a correction that is being tried, and the refusal it answers
        self._trail.upstream, self._trail.model = target.account.name, price_name(target.model)

    async def run(self) -> Opened:
        """Raises Failed, Moved, and GatewayError for a request that cannot be made for this target."""
        turn = Turn(self._target.account)
        try:
            try:
                release = await self._lane.acquire(self._target, self._visit)
            except GatewayError as error:
                raise Failed("crowded", error.problem) from error
            try:
                if self._target.account.successor is not None or (self._target.account.is_draining and self._may_move):
                    raise Moved
                opened = await self._posts(turn)
            except BaseException:
                release()
                raise
        finally:
            turn.end()
        opened.on_close(release)
        if opened.ended:
            opened.close()
        return opened

    async def _posts(self, turn: Turn) -> Opened:
        ready = await self._prepare(self._target, self._dialect)
        has_other = self._patience is not None
        mended: set[str] = set()  # each way of mending a refused request is tried once
        try:
            if self._visit.before_sending is not None:
                await self._visit.before_sending()
            for posts in range(1, MAX_POSTS + 1):
                try:
                    opened = await self._post(ready)
                except Failed as failed:
                    mend = self._mend(ready, failed, mended) if posts < MAX_POSTS else None
                    if mend != "refresh":  # tokens end, that is nobody's fault
                        turn.note(failed)
                    if posts == MAX_POSTS:
                        raise
                    wait = pause(failed.problem, posts)
                    if mend is not None:
                        mended.add(mend)
                        if mend != "refresh":
                            ready.release()
                            ready = await self._prepare(self._target, self._dialect)
                    elif STEPS[failed.cause] == "retry" and wait is not None and turn.may_retry(has_other=has_other):
                        await asyncio.sleep(wait)
                    else:
                        raise
                else:
                    turn.note(None)
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
            self._lane.learn(self._target, self._asked[0])
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
    """An answer that failed, or ended with nothing, before any of it was shown may still be asked for elsewhere. A call
    that the model could not write is no failure: it is asked for again (see `followup`)."""
    last = opened.first[-1] if opened.first else None
    if type(last) is Failure and last.problem.code != BROKEN_CALL:
        raise failed_inside(last.problem)
    if type(last) is Finish and last.reason == "stop" and not opened.has_content:
        raise Failed("empty", EMPTY)
