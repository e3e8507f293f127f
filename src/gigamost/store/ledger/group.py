"""What a group of openings and settlements comes to: the arithmetic that every store shares, without any of them.

    rows, balances (as they are) ── open* settle* abort* ── inserted, changed, moved, tallies (to be written)

A store reads what the group touches, under its locks, and writes what it comes to, in one transaction.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from gigamost.core.accounting import Hold, Intent, Refusal, Settlement, State
from gigamost.core.tenancy import Period
from gigamost.core.usage import Usage

Account = tuple[str, Period, int]  # owner, period, when it began: one budget in one of its periods
Line = tuple[int, str, str, str]  # day, key, tenant, model: one rollup
DAY: Final = 86_400
LEFT: Final = 499  # the status of a client that did not wait


class Row(msgspec.Struct):
    """What must be known of a row to settle it. `status` None: nobody has said what became of it."""

    id: str
    started: float
    key_id: str
    tenant: str
    model: str
    state: State
    status: int | None
    usage: Usage
    cost: int
    reserved: int
    holds: tuple[Hold, ...]


class Balance(msgspec.Struct):
    """Of an account; or by how much it moves."""

    spent: int = 0
    reserved: int = 0


class Tally(msgspec.Struct):
    """By how much a rollup grows, in the order of its columns."""

    requests: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: int = 0

    def add(self, row: Row, sign: int) -> None:
        usage = row.usage
        self.requests += sign
        self.failed += sign * (row.state != "done")
        self.input_tokens += sign * usage.input_tokens
        self.output_tokens += sign * usage.output_tokens
        self.cached_tokens += sign * usage.cached_tokens
        self.reasoning_tokens += sign * usage.reasoning_tokens
        self.cost += sign * row.cost


class Group:
    """`rows` and `balances`: everything that the openings and settlements of the group touch, by id and account.
    They are changed in place."""

    def __init__(self, rows: dict[str, Row], balances: dict[Account, Balance]) -> None:
        self.rows = rows
        self.balances = balances
        self.inserted: list[Intent] = []
        self.settled: list[Settlement] = []
        self.aborted: list[Row] = []
        self.moved: dict[Account, Balance] = {}
        self.tallies: dict[Line, Tally] = {}

    def open(self, intent: Intent, *, is_forced: bool = False) -> Refusal | None:
        """`is_forced`: it was admitted already, somewhere else; only what it comes to is written."""
        if intent.id in self.rows:
            return None
        if not is_forced:
            for hold in intent.holds:
                balance = self.balances[account(hold)]
                if balance.spent + balance.reserved + hold.amount > hold.limit:
                    return Refusal(hold.owner, hold.period, balance.spent, balance.reserved, hold.limit)
        for hold in intent.holds:
            self._move(hold, reserved=hold.amount)
        self.rows[intent.id] = row_of(intent)
        self.inserted.append(intent)
        return None

    def settle(self, settlement: Settlement) -> None:
        """A second settlement and one of a row that is not there change nothing."""
        row = self.rows.get(settlement.id)
        if row is None or row.status is not None:
            return
        self._book(row, settlement.state, settlement.status, settlement.usage, settlement.cost)
        self.settled.append(settlement)

    def abort(self, row: Row) -> None:
        """Nobody will say what became of it: the most that it may have cost is booked."""
        if row.state == "open":
            self._book(row, "aborted", None, row.usage, row.reserved)
            self.aborted.append(row)

    def _book(self, row: Row, state: State, status: int | None, usage: Usage, cost: int) -> None:
        line = (int(row.started) // DAY * DAY, row.key_id, row.tenant, row.model)
        tally = self.tallies.get(line)
        if tally is None:
            tally = self.tallies[line] = Tally()
        if row.state == "open":
            for hold in row.holds:
                self._move(hold, spent=cost, reserved=-hold.amount)
        else:
            tally.add(row, -1)
            for hold in row.holds:
                self._move(hold, spent=cost - row.cost)
        row.state, row.status, row.usage, row.cost = state, status, usage, cost
        tally.add(row, 1)

    def _move(self, hold: Hold, *, spent: int = 0, reserved: int = 0) -> None:
        key = account(hold)
        balance = self.balances[key]
        balance.spent += spent
        balance.reserved += reserved
        moved = self.moved.get(key)
        if moved is None:
            moved = self.moved[key] = Balance()
        moved.spent += spent
        moved.reserved += reserved


def account(hold: Hold) -> Account:
    return hold.owner, hold.period, hold.began


def accounts(intents: Iterable[Intent], rows: Iterable[Row]) -> list[Account]:
    """All that a group touches, in the order in which every transaction locks them."""
    found = {account(hold) for intent in intents for hold in intent.holds}
    found.update(account(hold) for row in rows for hold in row.holds)
    return sorted(found)


def row_of(intent: Intent) -> Row:
    return Row(
        intent.id,
        intent.started,
        intent.key_id,
        intent.tenant,
        intent.model,
        "open",
        None,
        intent.estimate,
        0,
        intent.reserved,
        intent.holds,
    )


def withdrawn(intent: Intent, now: float) -> Settlement:
    """Of a client that left before its intent was durable: nothing was sent, so nothing is owed."""
    return Settlement(intent.id, now, "aborted", LEFT, Usage(), 0)
