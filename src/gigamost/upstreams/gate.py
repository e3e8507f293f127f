"""How many requests one credential may have in flight, and who goes next when all slots are taken.

GigaChat counts simultaneous requests per key (1 for individuals, 10 for companies) and answers 429 at once to one more.
Here it waits: first come, first served within a tenant, in turns between tenants. A slot that is given back goes
straight to the next waiter, so nobody can slip in between.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import msgspec

from gigamost.core.errors import GatewayError, Kind

_LONGEST_RETRY_AFTER: Final = 30.0


class GateSnapshot(msgspec.Struct, frozen=True):
    limit: int
    in_flight: int
    waiting: int


class Slot:
    """The right to have one request in flight. Give it back with `release` or by `with`; twice is as good as once."""

    __slots__ = ("_give_back",)

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def release(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


# Settled once: True when a slot was handed over, False when the time was up.
_Waiter = asyncio.Future[bool]


class Gate:
    """The slots of one credential."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("GIGACHAT_MAX_CONNECTIONS must be 1 or more")
        self._limit = limit
        self._in_flight = 0
        # The first tenant is the next to be served, with its first waiter. No queue is empty.
        self._queues: OrderedDict[str, OrderedDict[_Waiter, None]] = OrderedDict()

    async def acquire(self, tenant: str, timeout: float) -> Slot:
        """Waits `timeout` seconds at most. Raises GatewayError (429)."""
        if self._in_flight < self._limit:  # then nobody waits either: see _release
            self._in_flight += 1
            return Slot(self._release)
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        self._queues.setdefault(tenant, OrderedDict())[waiter] = None
        alarm = loop.call_later(timeout, self._expire, tenant, waiter)
        try:
            granted = await waiter
        except asyncio.CancelledError:
            self._forget(tenant, waiter)
            if not waiter.cancelled() and waiter.result():
                self._release()  # the slot was handed over in the instant of the cancellation
            raise
        finally:
            alarm.cancel()
        if not granted:
            raise self._refusal(timeout)
        return Slot(self._release)

    def snapshot(self) -> GateSnapshot:
        return GateSnapshot(self._limit, self._in_flight, sum(map(len, self._queues.values())))

    def _release(self) -> None:
        while self._queues:
            tenant, queue = next(iter(self._queues.items()))
            waiter = next(iter(queue))
            self._forget(tenant, waiter)
            if waiter.done():  # cancelled an instant ago: its tenant keeps the turn
                continue
            if tenant in self._queues:
                self._queues.move_to_end(tenant)
            waiter.set_result(True)
            return
        self._in_flight -= 1

    def _expire(self, tenant: str, waiter: _Waiter) -> None:
        self._forget(tenant, waiter)
        if not waiter.done():
            waiter.set_result(False)

    def _forget(self, tenant: str, waiter: _Waiter) -> None:
        queue = self._queues.get(tenant)
        if queue is not None:
            queue.pop(waiter, None)
            if not queue:
                del self._queues[tenant]

    def _refusal(self, waited: float) -> GatewayError:
        # At the least: as if each request that is in front took a second.
        ahead = self.snapshot().waiting / self._limit
        return GatewayError(
            Kind.RATE_LIMITED,
            f"GigaChat serves this key {self._limit} request(s) at a time, and none ended within {waited:g} s. Send "
            "fewer at once or try again later; the operator can raise GIGACHAT_MAX_CONNECTIONS if the key allows more",
            code="upstream_concurrency",
            retry_after=min(math.ceil(ahead) + 1.0, _LONGEST_RETRY_AFTER),
        )
