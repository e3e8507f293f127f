"""The desk from the settings: what counts rates and places, where the ledger is, what things cost."""

from uuid import uuid4

from gigamost.app.counting import Counting
from gigamost.config import Settings, routes
from gigamost.core.prompts import Recorder
from gigamost.ledger.prices import Prices
from gigamost.limits.limiter import Limiter
from gigamost.pipeline.desk import Desk
from gigamost.pipeline.meter import Meter
from gigamost.pipeline.own_usage import OwnUsage
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.place import Place


class FrontDesk:
    """`start` before the first request; `close` when none is under way: what was settled is written first."""

    def __init__(self, settings: Settings, place: Place, counting: Counting, recorder: Recorder, meter: Meter) -> None:
        self.replica = uuid4().hex
        self.prices = Prices(routes.prices(settings))
        self.opening = LedgerOpening(
            place,
            self.replica,
            settings.state_dir,
            sync=settings.ledger.sync,
            retention=settings.ledger.retention_days,
        )
        self._limiter = limiter = Limiter(counting.counters, counting.places, settings.queue_timeout)
        self.desk = Desk(limiter, self.opening.ledger, lambda: self.prices, self.replica, recorder, meter)
        self.own_usage = OwnUsage(self.opening.books, limiter, self.opening.ledger.now)

    def adopt(self, settings: Settings) -> None:
        """From the next request on."""
        self.prices = Prices(routes.prices(settings))
        self.opening.retention = settings.ledger.retention_days
        self._limiter.queue_timeout = settings.queue_timeout

    async def start(self) -> None:
        await self.opening.start()

    async def close(self) -> None:
        await self.opening.close()
