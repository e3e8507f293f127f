"""What the database says, asked by SQL and not by the gateway: rows, sums, budgets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from tests.reliability.processes import PATIENCE


class BookKeeper:
    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self.connection = connection

    async def one(self, query: str, *arguments: object) -> Any:
        return await self.connection.fetchval(query, *arguments)

    async def states(self, like: str = "%") -> dict[str, int]:
        query = "SELECT state, count(*) FROM requests WHERE client_request_id LIKE $1 GROUP BY state"
        return dict(await self.connection.fetch(query, like))

    async def rows_of(self, like: str = "%") -> list[str]:
        """The clients' own ids, once for each row."""
        query = "SELECT client_request_id FROM requests WHERE client_request_id LIKE $1"
        return [row[0] for row in await self.connection.fetch(query, like)]

    async def check_sums(self) -> None:
        """Rows, rollups and budgets come to the same, for each key, and nothing is held any more."""
        by_rows = dict(
            await self.connection.fetch("SELECT key_id, (count(*), sum(cost)) FROM requests GROUP BY key_id")
        )
        by_rollups = dict(
            await self.connection.fetch(
                "SELECT key_id, (sum(requests)::bigint, sum(cost)) FROM rollups GROUP BY key_id"
            )
        )
        assert by_rows == by_rollups
        spent = await self.connection.fetch(
            "SELECT b.owner, b.spent, b.reserved - coalesce((SELECT sum(amount) FROM budget_leases l"
            " WHERE (l.owner, l.period, l.began) = (b.owner, b.period, b.began)), 0) AS held,"
            " (SELECT coalesce(sum(cost), 0) FROM requests WHERE key_id = substr(b.owner, 5)"
            " AND started >= b.began AND (b.period <> 'day' OR started < b.began + 86400)) AS booked"
            " FROM budget_periods b WHERE b.owner LIKE 'key:%'"
        )
        assert [(row["owner"], row["spent"], row["held"]) for row in spent] == [
            (row["owner"], row["booked"], 0) for row in spent
        ]


async def until(fact: Callable[[], Awaitable[bool]], what: str, patience: float = PATIENCE) -> None:
    try:
        async with asyncio.timeout(patience):
            while not await fact():  # noqa: ASYNC110 - facts of other processes have no event
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"never so within {patience:g} s: {what}") from None
