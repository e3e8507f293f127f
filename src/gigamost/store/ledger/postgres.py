"""The ledger in PostgreSQL, and on the disk of this machine while that is away.

    there ── groups on one connection ── a connection breaks ──> away ── groups into the spool
    away  ── the database answers ── the spool is brought there ── nothing is left ──> there

What is left of a budget cannot be known while it is away: then this gateway spends what it has leased of it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic, time
from typing import Final, TypeVar

import asyncpg

from gigamost.core.accounting import Backlog, Intent, Refusal, Settlement
from gigamost.core.errors import GatewayError, Kind
from gigamost.store.ledger import postgres_group as sql
from gigamost.store.ledger import postgres_leases as leasing
from gigamost.store.ledger.group import withdrawn
from gigamost.store.ledger.lane import Lane, Outcome
from gigamost.store.ledger.leases import Leases
from gigamost.store.ledger.spool import Spool
from gigamost.store.migrations import refuse_old
from gigamost.store.place import Postgres

log = logging.getLogger(__name__)

Told = TypeVar("Told")
_CONNECT: Final = 3.0  # seconds
_COMMAND: Final = 5.0  # seconds for one statement: longer, and the database is as good as away
_PROBE: Final = 1.0  # seconds between two tries to reach it
_AT_ONCE: Final = 500  # rows that are swept, forgotten or brought from the spool in one transaction
_TRIES: Final = 5  # of a transaction that the database gave up for another one
_AGAIN: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, sql.SaidAgainError)
_UNFIT: Final = (ValueError, OverflowError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_GONE: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class PostgresLedger:
    """`core.ports.Ledger` and `Upkeep`, for the gateway that is called `replica`. `spool` is the file for what cannot
    be written; `now` this machine's clock, which the database's corrects."""

    def __init__(self, place: Postgres, replica: str, spool: Path, *, now: Callable[[], float] = time) -> None:
        self._url = place.url
        self._replica = replica
        self._spool = Spool(spool)
        self._local = now
        self._ahead = 0.0  # seconds by which the database's clock is ahead of ours
        self._connection: sql.Connection | None = None
        self._turn = asyncio.Lock()  # who holds it may use the connection, while the database is there
        self.is_away = True
        self._healing: asyncio.Task[None] | None = None
        self._healed = float("-inf")
        self._leases = Leases()
        self._lane = Lane(self._apply, self.now)
        self.open = self._lane.open
        self.settle = self._lane.settle
        self.drain = self._lane.drain

    def now(self) -> float:
        return self._local() + self._ahead

    def backlog(self) -> Backlog:
        return Backlog(self._lane.waiting, self.is_away)

    async def start(self) -> None:
        """A database that is away is waited for in the background. Raises GatewayError (500) when its schema is old."""
        try:
            await self._connect()
        except _GONE as error:
            log.warning("PostgreSQL cannot be reached, requests are spooled on this machine: %r", error)
        else:
            if not self._spool.exists():
                self.is_away = False
                return
        self._heal_from(0)

    async def close(self) -> None:
        await self._lane.close()
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.gather(self._healing, return_exceptions=True)
        async with self._turn:
            self._drop()
            await asyncio.to_thread(self._spool.close)

    async def beat(self) -> None:
        async with self._turn:
            if not self.is_away:
                await self._tell(self._beat)
                await self._tell(self._renew)

    async def sweep(self, silent: float) -> int:
        """Nothing until `silent` seconds after an outage: nobody could say meanwhile that he lives."""
        if monotonic() - self._healed < silent:
            return 0
        async with self._turn:
            if not self.is_away:
                await self._tell(lambda connection: leasing.expire(connection, self._replica))
        return await self._in_pieces(lambda connection: sql.sweep(connection, self._replica, silent, _AT_ONCE))

    async def forget(self, before: float) -> int:
        return await self._in_pieces(lambda connection: sql.forget(connection, before, _AT_ONCE))

    async def leave(self) -> None:
        async with self._turn:
            if not self.is_away:
                await self._tell(lambda connection: leasing.give_back(connection, self._replica))
                await self._tell(lambda connection: sql.leave(connection, self._replica))

    async def _apply(self, intents: Sequence[Intent], settlements: Sequence[Settlement]) -> Sequence[Outcome]:
        async with self._turn:
            if self._connection is None or self.is_away:
                return await self._put_aside(intents, settlements)
            try:
                outcomes = await self._write(self._connection, intents, settlements)
                outcomes = await self._ask_again(self._connection, intents, outcomes)
            except _GONE as error:
                self._go_away(error)
                # Whether it was written nobody knows. What is brought there later changes nothing if it was.
                return await self._put_aside(intents, settlements, is_unsure=True)
            now = monotonic()
            for intent in intents:
                self._leases.use(intent.holds, now)
            return outcomes

    async def _ask_again(
        self, connection: sql.Connection, intents: Sequence[Intent], outcomes: Sequence[Outcome]
    ) -> Sequence[Outcome]:
        """Those that were refused, with what this gateway has leased of their budgets."""
        refused = [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Refusal)]
        leased = self._leases.among(hold for at in refused for hold in intents[at].holds)
        if not leased:
            return outcomes
        await leasing.give_back(connection, self._replica, leased)
        self._leases.returned(leased)
        again = await self._write(connection, [intents[at] for at in refused], [])
        changed = dict(zip(refused, again, strict=True))
        return [changed.get(at, outcome) for at, outcome in enumerate(outcomes)]

    async def _write(
        self,
        connection: sql.Connection,
        intents: Sequence[Intent],
        settlements: Sequence[Settlement],
        *,
        is_spooled: bool = False,
    ) -> Sequence[Outcome]:
        for _ in range(_TRIES):
            try:
                return await sql.write_group(connection, intents, settlements, is_spooled=is_spooled)
            except _AGAIN:
                continue
            except _UNFIT as error:
                if len(intents) + len(settlements) == 1:
                    log.exception("a row of the ledger cannot be written")
                    return [_unusable(error)] * len(intents)
                alone = [await self._write(connection, [intent], [], is_spooled=is_spooled) for intent in intents]
                for settlement in settlements:
                    await self._write(connection, [], [settlement], is_spooled=is_spooled)
                return [outcome for outcomes in alone for outcome in outcomes]
        raise _unusable(TimeoutError("other gateways are always first"))

    async def _put_aside(
        self, intents: Sequence[Intent], settlements: Sequence[Settlement], *, is_unsure: bool = False
    ) -> Sequence[Outcome]:
        for settlement in settlements:
            self._leases.settle(settlement)
        taken = [self._leases.take(intent) for intent in intents]
        now = self.now()
        undone = [
            withdrawn(intent, now) for intent, is_in in zip(intents, taken, strict=True) if is_unsure and not is_in
        ]
        try:
            spooled = [intent for intent, is_in in zip(intents, taken, strict=True) if is_in]
            await asyncio.to_thread(self._spool.append, spooled, [*settlements, *undone])
        except (sqlite3.Error, OSError) as error:
            raise _unusable(error) from error
        return [None if is_in else _unknown_budget() for is_in in taken]

    async def _tell(self, call: Callable[[sql.Connection], Awaitable[Told]]) -> Told:
        """For those who have the turn. Raises GatewayError (503)."""
        try:
            if self._connection is None:
                raise ConnectionError("there is no connection")
            return await call(self._connection)
        except _GONE as error:
            self._go_away(error)
            raise _unusable(error) from error

    async def _in_pieces(self, piece: Callable[[sql.Connection], Awaitable[int]]) -> int:
        done = 0
        while not self.is_away:
            async with self._turn:
                some = await self._tell(piece)
            done += some
            if some < _AT_ONCE:
                break
        return done

    def _go_away(self, error: Exception) -> None:
        log.warning("PostgreSQL is away, requests are spooled on this machine: %r", error)
        self.is_away = True
        self._drop()
        self._heal_from(_PROBE)

    def _heal_from(self, delay: float) -> None:
        self._healing = asyncio.get_running_loop().create_task(self._heal(delay))

    async def _heal(self, delay: float) -> None:
        while self.is_away:
            await asyncio.sleep(delay)
            delay = _PROBE
            try:
                connection = self._connection or await self._connect()
                while await self._bring(connection) == _AT_ONCE:
                    pass  # what comes meanwhile is spooled too
                async with self._turn:
                    while await self._bring(connection):
                        pass
                    await self._renew(connection)
                    self.is_away = False
                    self._healed = monotonic()
            except GatewayError as error:
                log.warning("PostgreSQL cannot be used: %s", error.problem.message)
            except (*_GONE, sqlite3.Error) as error:
                log.debug("PostgreSQL is still away: %r", error)
                self._drop()
            except Exception:  # whatever it is, it is tried again
                log.exception("what was spooled cannot be brought to PostgreSQL")
                self._drop()
        log.info("PostgreSQL is there, and has what was spooled")

    async def _bring(self, connection: sql.Connection) -> int:
        some = await asyncio.to_thread(self._spool.first, _AT_ONCE)
        if some.last:
            await self._write(connection, some.intents, some.settlements, is_spooled=True)
            await asyncio.to_thread(self._spool.forget, some.last)
        return len(some.intents) + len(some.settlements)

    async def _connect(self) -> sql.Connection:
        connection = await asyncpg.connect(self._url.reveal(), timeout=_CONNECT, command_timeout=_COMMAND)
        try:
            refuse_old(await sql.revision(connection))
            await self._beat(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _renew(self, connection: sql.Connection) -> None:
        wanted = self._leases.wanted(monotonic())
        self._leases.renew(await leasing.renew(connection, self._replica, wanted))

    async def _beat(self, connection: sql.Connection) -> None:
        before = self._local()
        seen = await sql.beat(connection, self._replica)
        self._ahead = seen - (before + self._local()) / 2


def _unknown_budget() -> GatewayError:
    return GatewayError(
        Kind.UNAVAILABLE,
        "What is left of the budget of this key cannot be known now: try again.",
        retry_after=1,
        detail="PostgreSQL is away, and what this gateway had leased of the budget is spent",
    )


def _unusable(error: Exception) -> GatewayError:
    return GatewayError(
        Kind.UNAVAILABLE, "The ledger cannot be written now: try again.", retry_after=1, detail=f"ledger: {error}"
    )
