"""R7: four gateways, and enough for exactly so many of what comes at once: a budget in PostgreSQL, a limit in Redis."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.reliability.books import BookKeeper, until
from tests.reliability.clients import Question, ask
from tests.reliability.processes import GigaChat, Site
from tests.reliability.sizes import Sizes

UNIT = 1_000_000  # millionths of a rouble


async def price(site: Site, books: BookKeeper) -> int:
    """What one of these requests holds at most, as the ledger wrote it."""
    assert (await ask(Question(site.gateways[0], "probe"))).is_whole
    found: int = await books.one("SELECT reserved FROM requests WHERE client_request_id = 'probe'")
    assert found > 0
    return found


@pytest.mark.parametrize(("kind", "refusal"), [("total", 402), ("day", 429), ("rpm", 429)])
async def test_exactly_as_many_as_there_is_for_are_admitted(
    site: Site, gigachat: GigaChat, books: BookKeeper, sizes: Sizes, kind: str, refusal: int
) -> None:
    await site.start(4)
    limit = sizes.admitted * await price(site, books)
    terms: dict[str, Any] = {"budget": {"amount": f"{limit / UNIT:.6f}", "period": kind}}
    if kind == "rpm":
        terms = {"limits": {"rpm": sizes.admitted}}
    key_id, key = await site.key(**terms)
    await gigachat.say("hold")
    asking = [asyncio.create_task(ask(Question(site.gateways[at % 4], f"r{at}", key))) for at in range(sizes.parallel)]

    async def all_decided() -> bool:
        refused = sum(task.done() for task in asking)
        return bool(await gigachat.say("waiting") + refused == sizes.parallel)

    await until(all_decided, "everybody admitted or refused")
    assert await gigachat.say("waiting") == sizes.admitted
    await gigachat.say("release")
    heard = await asyncio.gather(*asking)
    assert Counter(each.status for each in heard) == {200: sizes.admitted, refusal: sizes.parallel - sizes.admitted}

    async def all_settled() -> bool:
        return await books.states("r%") == {"done": sizes.admitted}

    await until(all_settled, "rows settled")
    if kind != "rpm":
        query = "SELECT sum(spent) FROM budget_periods WHERE owner = $1"
        spent = await books.one(query, f"key:{key_id}")
        assert 0 < spent <= limit  # overspent by nothing
    await books.check_sums()
