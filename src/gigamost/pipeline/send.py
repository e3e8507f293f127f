"""Sends one chat request along its course until a target answers with content. See `recovery` and `attempt`.

targets, one failover > [too long: the bigger model] | [withheld: the other upstream] > an answer that has begun
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.events import Finish
from gigamost.pipeline.attempt import Attempt, Moved, Prepare
from gigamost.pipeline.desk import Visit
from gigamost.pipeline.opened import Opened
from gigamost.pipeline.recovery import STEPS, UNSEEN, Failed, for_client
from gigamost.pipeline.targets import Course, Target, healthy_first

log = logging.getLogger(__name__)


class Sender:
    """`queue_timeout` is asked for every request; both are seconds. Learnt dialect corrections are kept per upstream
    and model, for the life of the process."""

    def __init__(self, *, queue_timeout: Callable[[], float], first_content_timeout: float) -> None:
        self._queue_timeout = queue_timeout
        self.first_content_timeout = first_content_timeout
        self._dialects: dict[tuple[str, str], frozenset[str]] = {}

    async def open(self, course: Course, prepare: Prepare, visit: Visit) -> Opened:
        """An answer whose first content (or end) has come. Raises GatewayError: nothing was sent to the client yet."""
        visit.require()
        patience = course.first_content_timeout or self.first_content_timeout
        try:
            opened = await self._ask(course.targets + course.failure, prepare, visit, patience)
        except GatewayError as error:
            if error.problem.kind is not Kind.CONTEXT_OVERFLOW or not course.context_overflow:
                raise
            instead = await self._instead(course.context_overflow, prepare, visit, patience)
            if instead is None:
                raise
            return instead
        if course.blacklist and (withheld := _withheld(opened)) is not None:
            upstream, model = visit.trail.upstream, visit.trail.model
            instead = await self._instead(course.blacklist, prepare, visit, patience)
            if instead is not None:
                visit.spend(withheld.usage, model)
                return instead
            visit.trail.upstream, visit.trail.model = upstream, model
        return opened

    async def _instead(
        self, targets: Sequence[Target], prepare: Prepare, visit: Visit, patience: float
    ) -> Opened | None:
        """None when they cannot answer either: then what there was before counts."""
        try:
            return await self._ask(targets, prepare, visit, patience)
        except GatewayError as error:
            log.warning("no fallback: %s (%s)", error, error.problem.detail)
            return None

    async def _ask(self, targets: Sequence[Target], prepare: Prepare, visit: Visit, patience: float) -> Opened:
        """The first of them that answers; at most two are asked. One that rests is passed over, and does not count."""
        left = list(targets) if len(targets) == 1 else healthy_first(targets)
        failure: GatewayError | None = None
        while left:
            target = left.pop(0).current()
            if left and not _may_ask(target) and any(map(_may_ask, left)):
                continue
            has_next = failure is None and bool(left)
            try:
                within = patience if has_next else None
                return await Attempt(self, target, prepare, visit, within, may_move=bool(left)).run()
            except Moved:
                if target.account.successor is not None:
                    left.insert(0, target)
            except Failed as failed:
                visit.trail.unbooked += failed.cause in UNSEEN
                seen = for_client(failed.problem, client_owned=target.account.client_owned)
                if STEPS[failed.cause] == "fail" or not has_next:
                    # What a stand-in refuses about the request says nothing about the failure it stood in for.
                    raise (failure if failure is not None and STEPS[failed.cause] == "fail" else seen) from None
                log.warning("%s: %s (%s); asking another", target.account.name, seen, failed.problem.detail)
                failure = seen
            except GatewayError:
                if failure is None:
                    raise
                raise failure from None
        raise ValueError("a course needs at least one target")

    def dialect(self, target: Target) -> frozenset[str]:
        return self._dialects.get((target.account.upstream, target.model.id), frozenset())

    def learn(self, target: Target, correction: str) -> None:
        self._dialects[(target.account.upstream, target.model.id)] = self.dialect(target) | {correction}

    async def acquire(self, target: Target, visit: Visit) -> Callable[[], None]:
        before = monotonic()
        yields = visit.before_sending is not None
        slot = await target.account.gate.acquire(visit.principal.tenant, self._queue_timeout(), yields=yields)
        visit.trail.queued_seconds += monotonic() - before
        return slot.release


def _may_ask(target: Target) -> bool:
    return target.account.breaker.allows(monotonic())


def _withheld(opened: Opened) -> Finish | None:
    """How the answer ended, if it was withheld and nothing of it is on its way to the client."""
    last = opened.first[-1] if opened.ended else None
    return last if isinstance(last, Finish) and last.reason == "content_filter" else None
