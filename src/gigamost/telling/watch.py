"""Looks every few seconds at how things stand, and has the teller tell what is new. Requests know nothing of it.

Somewhere a finding is told once (its key says what it is); here what was told is remembered, so that nothing is asked
twice. What lasts is told when two looks have found it, and ends when it has been over for a while.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gigamost.core.accounting import Refusal, Standing
from gigamost.core.errors import GatewayError
from gigamost.core.notices import Finding
from gigamost.core.ports import Books
from gigamost.core.tenancy import Roll
from gigamost.ledger.money import amount
from gigamost.notices import budgets, certificates, expiry, upstreams
from gigamost.notices.upstreams import DOWN, Seen
from gigamost.telling.files import CertificateFile, checked
from gigamost.telling.purses import Purses
from gigamost.telling.teller import Teller

log = logging.getLogger(__name__)

EVERY: Final = 5.0  # seconds between two looks
STEADY: Final = 30.0  # seconds for which something has to be well again before people are told
_OWNERS: Final = 500  # of budgets that are asked about at once
_KEYS: Final = 60.0  # seconds between two looks at keys that end
_FILES: Final = 3600.0  # seconds between two looks at certificate files
_CERTIFICATE: Final = "certificate.trouble:"


class Watch:
    """`roll` is everybody who is known, `seen` how credentials stand, `refused` takes what budgets have refused since
    it was asked last. `now` is the ledger's clock, unix seconds. `may_last`: something may still last from earlier."""

    def __init__(
        self,
        teller: Teller,
        *,
        roll: Callable[[], Roll],
        books: Books,
        seen: Callable[[], Sequence[Seen]],
        refused: Callable[[], Sequence[Refusal]],
        now: Callable[[], float],
        may_last: Callable[[], bool],
    ) -> None:
        self.files: Sequence[CertificateFile] = ()
        self.every = EVERY
        self.steady = STEADY
        self._teller = teller
        self._roll = roll
        self._books = books
        self._seen = seen
        self._refused = refused
        self._now = now
        self._may_last = may_last
        self._purses = Purses()
        self._refusals: dict[str, tuple[float, Refusal]] = {}  # with the moment
        self._told: set[str] = set()
        self._lasting: set[str] | None = None
        self._before: set[str] = set()
        self._well: dict[str, float] = {}  # since when what lasted is over
        self._ending: tuple[float, Roll | None, list[Finding]] = (0.0, None, [])
        self._files: tuple[float, Sequence[CertificateFile], list[certificates.Checked]] = (0.0, (), [])
        self._is_failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            try:
                await self.look()
                self._is_failing = False
            except GatewayError as error:
                log.log(
                    logging.DEBUG if self._is_failing else logging.WARNING,
                    "nobody can be told of anything now: %s",
                    error.problem.detail or error.problem.message,
                )
                self._is_failing = True
            except Exception:  # the edge of a background task: the next look may be better
                log.exception("nobody can be told of anything")

    async def look(self) -> None:
        """Raises GatewayError (503); what could not be told is told later."""
        if self._lasting is None:
            self._lasting = set(await self._teller.lasting()) if self._may_last() else set()
        seen = {each.name: each for each in reversed(self._seen())}  # the first of a name serves, others leave
        found = {each.key: each for each in await self._findings(list(seen.values()))}
        for finding in found.values():
            if finding.key not in self._told and (not finding.lasts or finding.key in self._before):
                await self._teller.tell(finding)
                self._told.add(finding.key)
                if finding.lasts:
                    self._lasting.add(finding.key)
        self._before = {key for key, finding in found.items() if finding.lasts}
        await self._end(self._lasting, found.keys(), seen)
        self._told &= found.keys()

    async def _end(self, lasting: set[str], found: Iterable[str], seen: dict[str, Seen]) -> None:
        """What is over, and has been for a while: a key that an upstream refuses is tried again every few seconds."""
        now = self._now()
        over = {
            key for key in lasting.difference(found) if key.startswith(_CERTIFICATE) or upstreams.is_over(key, seen)
        }
        self._well = {key: self._well.get(key, now) for key in over}
        for key in sorted(over):
            if now - self._well[key] < self.steady:
                continue
            name = upstreams.name_in(key)
            await self._teller.end(key, upstreams.up(name, seen.get(name)) if key.startswith(DOWN) else None)
            lasting.discard(key)

    async def _findings(self, seen: Sequence[Seen]) -> list[Finding]:
        now, roll = self._now(), self._roll()
        self._purses.load(roll)
        return [
            *upstreams.down(seen),
            *upstreams.troubled(seen),
            *await self._certificates(now),
            *self._keys(roll, now),
            *await self._soft(now),
            *self._hard(now),
        ]

    async def _soft(self, now: float) -> list[Finding]:
        purses = [purse for owner in self._purses.soft if (purse := self._purses.find(owner, now)) is not None]
        if not purses:
            return []
        since = min(purse.began for purse in purses)
        standings: list[Standing] = []
        for at in range(0, len(self._purses.soft), _OWNERS):
            standings += await self._books.standings(self._purses.soft[at : at + _OWNERS], since)
        return list(budgets.crossed(purses, standings, amount))

    def _hard(self, now: float) -> list[Finding]:
        """A refusal is remembered until its period is over."""
        self._refusals |= {refusal.owner: (now, refusal) for refusal in self._refused()}
        purses = {owner: self._purses.find(owner, now) for owner in self._refusals}
        current = [
            purse for purse in purses.values() if purse is not None and self._refusals[purse.owner][0] >= purse.began
        ]
        self._refusals = {purse.owner: self._refusals[purse.owner] for purse in current}
        return list(budgets.exhausted(current, [refusal for _, refusal in self._refusals.values()], amount))

    def _keys(self, roll: Roll, now: float) -> list[Finding]:
        at, of, _ = self._ending
        if of is not roll or abs(now - at) > _KEYS:
            self._ending = (now, roll, list(expiry.keys(roll.keys, now)))
        return self._ending[2]

    async def _certificates(self, now: float) -> list[Finding]:
        at, of, _ = self._files
        if of is not self.files or abs(now - at) > _FILES:
            self._files = (now, self.files, await asyncio.to_thread(checked, self.files) if self.files else [])
        return list(certificates.troubled(self._files[2], now))
