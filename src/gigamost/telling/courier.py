"""The worker that sends what waits in the outbox: several gateways share the work, and one that dies loses nothing.

A delivery is claimed for a time, sent, and settled; one whose worker died is claimed again, so a receiver may get a
message twice, with the same id. On a database of its own the courier ends when nothing waits.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from random import random
from time import monotonic
from typing import Final, Protocol
from uuid import uuid4

from gigamost.core.errors import GatewayError
from gigamost.core.notice_ports import NoticeStore, OpenNotices
from gigamost.core.notices import Attempt, Claimed, Notice, Webhook
from gigamost.notices.retries import outcome

log = logging.getLogger(__name__)

LEASE: Final = 30.0  # seconds: more than an attempt takes
_PLACES: Final = 16  # attempts at the same time, one for each webhook
_POLL: Final = 2.0  # seconds between two looks at what waits
_SWEEP: Final = 3600.0
_GRACE: Final = 2.0  # seconds for what is being sent when the gateway stops


class Send(Protocol):
    async def send(self, webhook: Webhook, notice: Notice) -> Attempt: ...


class Courier:
    """`now` is unix seconds, `lease` seconds. `is_shared`: other gateways tell as well, so it never sleeps."""

    def __init__(
        self,
        open_notices: OpenNotices,
        sender: Send,
        *,
        now: Callable[[], float],
        is_shared: bool,
        chance: Callable[[], float] = random,
        lease: float = LEASE,
    ) -> None:
        self.name = uuid4().hex
        # What became of attempts here: delivered, waiting (tried again), failed.
        self.counts: Counter[str] = Counter()
        self.lease = lease
        self._open = open_notices
        self._sender = sender
        self._now = now
        self._is_shared = is_shared
        self._chance = chance
        self._configured: Sequence[Webhook] | None = None
        self._poked = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._swept: float | None = None
        self._is_failing = False
        self._stopping = False

    def adopt(self, configured: Sequence[Webhook]) -> None:
        """The configuration has these webhooks, and no others."""
        self._configured = tuple(configured)
        self.poke()

    def poke(self) -> None:
        """There is something to do."""
        self._poked.set()
        if self.is_idle and not self._stopping:
            self._loop = asyncio.get_running_loop().create_task(self._run())

    @property
    def is_idle(self) -> bool:
        """Whether it has ended, because nothing waits."""
        return self._loop is None or self._loop.done()

    async def close(self) -> None:
        """What is not sent then waits for the next start, or for another gateway."""
        self._stopping = True
        self._poked.set()
        if self._sending:
            await asyncio.wait(tuple(self._sending), timeout=_GRACE)
        tasks = [*self._sending, *([self._loop] if self._loop is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                if not await self._round() and not self._poked.is_set():
                    return
                self._is_failing = False
            except GatewayError as error:
                log.log(
                    logging.DEBUG if self._is_failing else logging.WARNING,
                    "notices cannot be sent now: %s",
                    error.problem.detail or error.problem.message,
                )
                self._is_failing = True
            except Exception:  # the edge of a background task: the next round may be better
                log.exception("notices cannot be sent")
            await self._rest()

    async def _round(self) -> bool:
        """One look at what waits. Whether there will be more to do."""
        store = await self._open()
        self._poked.clear()
        if self._configured is not None:
            configured = self._configured
            await store.adopt(configured)
            if self._configured is configured:
                self._configured = None
        if self._swept is None or monotonic() - self._swept > _SWEEP:
            self._swept = monotonic()
            await store.sweep(self._now())
        free = _PLACES - len(self._sending)
        for claimed in await store.deliveries.claim(self.name, self.lease, free) if free > 0 else ():
            task = asyncio.create_task(self._deliver(store, claimed))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return self._is_shared or bool(self._sending) or bool(await store.deliveries.waiting())

    async def _deliver(self, store: NoticeStore, claimed: Claimed) -> None:
        webhook, notice = claimed.webhook, claimed.notice
        try:
            attempt = await self._sender.send(webhook, notice)
            decided = outcome(attempt, claimed.attempts, claimed.began, self._chance)
            settled = await store.deliveries.settle(self.name, claimed, decided)
        except GatewayError as error:  # it is sent again when its lease has run out
            log.warning("a delivery of %s could not be settled: %s", notice.id, error.problem.detail)
            return
        except Exception:  # the edge of a background task: one delivery must not end the others
            log.exception("%s could not be sent to webhook %s", notice.id, webhook.id)
            return
        if not settled:
            return
        self.counts[decided.state] += 1
        if decided.disables:
            log.warning("webhook %s answered 410, it is disabled", webhook.id)
        elif decided.state == "failed":
            log.warning("%s could not be delivered to webhook %s in a day: %s", notice.id, webhook.id, attempt.problem)
        elif decided.state == "waiting":
            log.info("%s was not taken by webhook %s, it is tried again: %s", notice.id, webhook.id, attempt.problem)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(min(_POLL, self.lease / 3)):
                await self._poked.wait()
        except TimeoutError:
            pass

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._poked.set()
