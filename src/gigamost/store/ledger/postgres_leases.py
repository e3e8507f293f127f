"""Leases in PostgreSQL: an amount that a budget has `reserved` for a gateway. See `leases`."""

from collections.abc import Collection, Mapping
from typing import Final

from gigamost.store.ledger.group import Account, Balance
from gigamost.store.ledger.leases import worth_leasing
from gigamost.store.ledger.postgres_group import CLOCK, MOVE, Connection, balances, columns

_EXPIRE: Final = 600.0  # seconds that the leases of a gateway outlive it: what it has spooled may still come
_OWN: Final = "SELECT owner, period, began, amount FROM budget_leases WHERE replica = $1"
_BALANCES: Final = (
    "SELECT owner, period, began, spent, reserved FROM budget_periods WHERE (owner, period, began) IN"
    " (SELECT * FROM unnest($1::text[], $2::text[], $3::int8[]))"
)
_PUT: Final = (
    "INSERT INTO budget_leases (owner, period, began, amount, replica)"
    " SELECT owner, period, began, amount, $5 FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[])"
    " AS new (owner, period, began, amount)"
    " ON CONFLICT (replica, owner, period, began) DO UPDATE SET amount = excluded.amount"
)
_DROP: Final = "DELETE FROM budget_leases WHERE replica = $1 AND amount = 0"
_EXPIRED: Final = (
    "SELECT DISTINCT replica FROM budget_leases WHERE replica <> $1"  # noqa: S608
    f" AND replica NOT IN (SELECT id FROM replicas WHERE seen > {CLOCK} - $2::float8)"
)


async def renew(connection: Connection, replica: str, limits: Mapping[Account, int]) -> Mapping[Account, int]:
    """What the gateway has leased afterwards of the budgets whose limits are given. Those that need not change much
    are left alone, so that the others' requests do not wait for them."""
    own = await _own(connection, replica)
    known = sorted({*own, *limits})
    found = _by_account(await connection.fetch(_BALANCES, *columns(known, 3))) if known else {}
    changing = {
        each: limits.get(each)
        for each in known
        if each in found and _is_worth_it(own.get(each, 0), _target(limits.get(each), found[each], own.get(each, 0)))
    }
    return own | await _change(connection, replica, changing) if changing else own


async def give_back(connection: Connection, replica: str, accounts: Collection[Account] | None = None) -> None:
    """The leases of these budgets, None: all of them."""
    own = await _own(connection, replica)
    await _change(connection, replica, {each: None for each in own if accounts is None or each in accounts})


async def expire(connection: Connection, replica: str) -> None:
    """Those of gateways that were not heard of for long."""
    for gone in await connection.fetch(_EXPIRED, replica, _EXPIRE):
        await give_back(connection, gone["replica"])


async def _change(connection: Connection, replica: str, limits: Mapping[Account, int | None]) -> dict[Account, int]:
    if not limits:
        return {}
    async with connection.transaction():
        locked = await balances(connection, sorted(limits))
        own = await _own(connection, replica)
        targets = {each: _target(limit, locked[each], own.get(each, 0)) for each, limit in limits.items()}
        moved = [(*each, 0, targets[each] - own.get(each, 0)) for each in sorted(targets)]
        await connection.execute(MOVE, *columns(moved, 5))
        await connection.execute(_PUT, *columns([(*each, targets[each]) for each in sorted(targets)], 4), replica)
        await connection.execute(_DROP, replica)
    return targets


async def _own(connection: Connection, replica: str) -> dict[Account, int]:
    rows = await connection.fetch(_OWN, replica)
    return {(owner, period, began): amount for owner, period, began, amount in rows}


def _target(limit: int | None, balance: Balance, own: int) -> int:
    return 0 if limit is None else max(worth_leasing(limit, balance, own), 0)


def _is_worth_it(own: int, target: int) -> bool:
    return own != target if 0 in (own, target) else abs(target - own) > own // 4


def _by_account(rows: Collection[tuple[str, str, int, int, int]]) -> dict[Account, Balance]:
    return {(owner, period, began): Balance(spent, reserved) for owner, period, began, spent, reserved in rows}  # type: ignore[misc]  # a period is one of the words
