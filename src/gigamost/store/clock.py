"""The clock by which the rows of a store are counted."""

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection


class Clock:
    """The store's clock in unix seconds: PostgreSQL's own, so that replicas need not agree; else its machine's."""

    def __init__(self, now: Callable[[], float] | None) -> None:
        self._now = now

    async def read(self, connection: AsyncConnection) -> float:
        if self._now is not None:
            return self._now()
        return float((await connection.execute(select(func.extract("epoch", func.clock_timestamp())))).scalar_one())
