"""How the budgets of a key and of a tenant stand in their current periods."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Answer, Asked, Owned, Route, missing
from gigamost.admin.office import Office
from gigamost.admin.terms import budget_shown, moment_of
from gigamost.core.directory import Directory
from gigamost.core.ports import Books
from gigamost.core.tenancy import Budget, Key, Tenant
from gigamost.ledger.money import amount
from gigamost.ledger.periods import began, ends


class BudgetStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What is `reserved` is held for requests that are under way. Without a budget everything is null."""

    budget: wire.Budget | None = None
    began_at: str | None = None
    ends_at: str | None = None
    spent: wire.Money | None = None
    reserved: wire.Money | None = None
    left: wire.Money | None = None


def budget_routes(office: Office, books: Books) -> Sequence[Route]:
    async def of_key(asked: Asked) -> Answer:
        key = await _key(await office.directory(), asked.path["id"])
        return Answer(await _standing(books, f"key:{key.id}", key.budget, office.now()))

    async def of_tenant(asked: Asked) -> Answer:
        tenant = await _tenant(await office.directory(), asked.path["id"])
        return Answer(await _standing(books, f"tenant:{tenant.id}", tenant.budget, office.now()))

    async def tenant_of_key(id_: str) -> str | None:
        found = await (await office.directory()).keys.get(id_)
        return found.tenant if found is not None else None

    async def tenant_of_tenant(id_: str) -> str | None:
        found = await (await office.directory()).tenants.get(id_)
        return found.id if found is not None else None

    def route(path: str, serve: Callable[[Asked], Awaitable[Answer]], own: Owned) -> Route:
        return Route("GET", path, serve, "What is left of its budget.", BudgetStanding, within=own)

    return (
        route("/keys/{id}/budget", of_key, Owned("key", tenant_of_key)),
        route("/tenants/{id}/budget", of_tenant, Owned("tenant", tenant_of_tenant)),
    )


async def _key(directory: Directory, id_: str) -> Key:
    found = await directory.keys.get(id_)
    if found is None:
        raise missing("key", id_)
    return found


async def _tenant(directory: Directory, id_: str) -> Tenant:
    found = await directory.tenants.get(id_)
    if found is None:
        raise missing("tenant", id_)
    return found


async def _standing(books: Books, owner: str, budget: Budget | None, now: float) -> BudgetStanding:
    if budget is None:
        return BudgetStanding()
    start, end = began(budget.period, now), ends(budget.period, now)
    of_period = [
        each for each in await books.standings((owner,), start) if (each.period, each.began) == (budget.period, start)
    ]
    spent, reserved = (of_period[0].spent, of_period[0].reserved) if of_period else (0, 0)
    return BudgetStanding(
        budget=budget_shown(budget),
        began_at=moment_of(start) if budget.period != "total" else None,
        ends_at=None if end is None else moment_of(end),
        spent=amount(spent),
        reserved=amount(reserved),
        left=amount(max(budget.amount - spent - reserved, 0)),
    )
