"""The ledger for as long as the process lives: that of `demo`, and the model that the tests hold the databases to."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from time import time
from typing import Final

import msgspec

from gigamost.core.accounting import (
    Backlog,
    Entries,
    Entry,
    Intent,
    Mark,
    Question,
    Refusal,
    Settlement,
    Spending,
    Standing,
    Wanted,
)
from gigamost.store.ledger.answers import as_spending, day_span, group_name, in_order
from gigamost.store.ledger.group import Account, Balance, Group, Line, Row, Tally, accounts
from gigamost.store.ledger.rows import countable, storable

MOST: Final = 100_000  # rows; the oldest settled ones go first


class _Kept(msgspec.Struct):
    intent: Intent
    row: Row
    settlement: Settlement | None = None
    swept: float | None = None


class MemoryLedger:
    """`core.ports.Ledger`, `Books` and `Upkeep`, for the gateway that is called `replica`; `beside` another one, with
    which it shares everything."""

    def __init__(
        self, replica: str = "", now: Callable[[], float] = time, beside: "MemoryLedger | None" = None
    ) -> None:
        self._replica = replica
        self.now = now
        self._kept: dict[str, _Kept] = beside._kept if beside else {}
        self._balances: dict[Account, Balance] = beside._balances if beside else {}
        self._rollups: dict[Line, Tally] = beside._rollups if beside else defaultdict(Tally)
        self._seen: dict[str, float] = beside._seen if beside else {}

    async def open(self, intent: Intent) -> Refusal | None:
        intent = storable(intent)
        if intent.id in self._kept:
            return None
        for each in accounts((intent,), ()):
            if each not in self._balances:
                self._balances[each] = Balance(self._spent_since(each))
        group = Group({}, self._balances)
        refusal = group.open(intent)
        if refusal is None:
            self._kept[intent.id] = _Kept(intent, group.rows[intent.id])
            self._shrink()
        return refusal

    def settle(self, settlement: Settlement) -> None:
        settlement = countable(settlement)
        kept = self._kept.get(settlement.id)
        if kept is None or kept.row.status is not None:
            return
        group = Group({settlement.id: kept.row}, self._balances)
        group.settle(settlement)
        kept.settlement = settlement
        self._add(group)

    async def drain(self) -> None:
        return None

    def backlog(self) -> Backlog:
        return Backlog(0)

    async def start(self) -> None:
        await self.beat()

    async def beat(self) -> None:
        self._seen[self._replica] = self.now()

    async def sweep(self, silent: float) -> int:
        alive = {self._replica} | {name for name, seen in self._seen.items() if seen > self.now() - silent}
        orphans = [
            kept for kept in self._kept.values() if kept.row.state == "open" and kept.intent.replica not in alive
        ]
        for kept in orphans:
            group = Group({}, self._balances)
            group.abort(kept.row)
            kept.swept = self.now()
            self._add(group)
        return len(orphans)

    async def forget(self, before: float) -> int:
        old = [name for name, kept in self._kept.items() if kept.row.state != "open" and kept.intent.started < before]
        for name in old:
            del self._kept[name]
        return len(old)

    async def leave(self) -> None:
        self._seen.pop(self._replica, None)

    async def close(self) -> None:
        return None

    async def requests(self, wanted: Wanted) -> Entries:
        newest_first = sorted(self._kept.values(), key=lambda kept: (kept.intent.started, kept.intent.id), reverse=True)
        found = [_entry(kept) for kept in newest_first if _is_wanted(kept, wanted)]
        page = tuple(found[: wanted.limit])
        return Entries(page, Mark(page[-1].started, page[-1].id) if len(found) > wanted.limit else None)

    async def usage(self, question: Question) -> Sequence[Spending]:
        since, until = day_span(question)
        groups: dict[str, Tally] = defaultdict(Tally)
        for (day, key_id, tenant, model), tally in self._rollups.items():
            if (
                (since is None or day >= since)
                and (until is None or day < until)
                and question.key_id in ("", key_id)
                and question.tenant in ("", tenant)
            ):
                names = {"key": key_id, "tenant": tenant, "model": model, "day": group_name("day", day)}
                _grow(groups[names[question.by]], tally)
        return in_order(
            question.by, [as_spending(name, *msgspec.structs.astuple(all_)) for name, all_ in groups.items()]
        )

    async def standings(self, owners: Sequence[str], since: int = 0) -> Sequence[Standing]:
        return [
            Standing(owner, period, began, balance.spent, balance.reserved)
            for (owner, period, began), balance in sorted(self._balances.items(), key=lambda item: item[0])
            if owner in owners and (began >= since or period == "total")
        ]

    def _spent_since(self, of: Account) -> int:
        kind, _, name = of[0].partition(":")
        place = {"key": 1, "tenant": 2}.get(kind)
        return sum(
            tally.cost for line, tally in self._rollups.items() if place and line[place] == name and line[0] >= of[2]
        )

    def _add(self, group: Group) -> None:
        for line, tally in group.tallies.items():
            _grow(self._rollups[line], tally)

    def _shrink(self) -> None:
        if len(self._kept) > MOST:
            oldest = next((name for name, kept in self._kept.items() if kept.row.status is not None), None)
            if oldest is not None:
                del self._kept[oldest]


def _grow(whole: Tally, part: Tally) -> None:
    for name in Tally.__struct_fields__:
        setattr(whole, name, getattr(whole, name) + getattr(part, name))


def _is_wanted(kept: _Kept, wanted: Wanted) -> bool:
    started, row = kept.intent.started, kept.row
    return (
        wanted.key_id in ("", row.key_id)
        and wanted.tenant in ("", row.tenant)
        and wanted.state in (None, row.state)
        and wanted.status in (None, row.status)
        and (wanted.since is None or started >= wanted.since)
        and (wanted.until is None or started < wanted.until)
        and (wanted.after is None or (started, row.id) < (wanted.after.started, wanted.after.id))
    )


def _entry(kept: _Kept) -> Entry:
    intent, row, said = kept.intent, kept.row, kept.settlement
    return Entry(
        id=row.id,
        client_request_id=intent.client_request_id,
        started=intent.started,
        finished=said.finished if said else kept.swept,
        key_id=row.key_id,
        tenant=row.tenant,
        face=intent.face,
        model=row.model,
        upstream=said.upstream if said else "",
        state=row.state,
        status=row.status,
        usage=row.usage,
        cost=row.cost,
        reserved=row.reserved,
        ttft_ms=said.ttft_ms if said else None,
        duration_ms=said.duration_ms if said else None,
        attempts=said.attempts if said else 0,
    )
