"""R2: SIGTERM while streams are under way. They end as they should, nobody new comes in, no row is lost."""

import asyncio
import signal

import httpx

from tests.reliability.books import BookKeeper, until
from tests.reliability.clients import Question, ask
from tests.reliability.processes import GigaChat, Site, tracebacks
from tests.reliability.sizes import Sizes


async def test_streams_end_well_and_nobody_new_comes_in(
    site: Site, gigachat: GigaChat, books: BookKeeper, sizes: Sizes
) -> None:
    (gateway,) = await site.start(1)
    await gigachat.say("hold")
    asking = [asyncio.create_task(ask(Question(gateway, f"s{at}", stream=True))) for at in range(sizes.streams)]

    async def all_in_flight() -> bool:
        return bool(await gigachat.say("waiting") == sizes.streams)

    await until(all_in_flight, "streams under way")
    gateway.signal(signal.SIGTERM)
    async with httpx.AsyncClient(base_url=gateway.base, timeout=20) as http:

        async def is_draining() -> bool:
            return (await http.get("/health/ready")).status_code == 503

        await until(is_draining, "not ready")
        for at in range(5):
            refused = await http.post("/v1/chat/completions", json={"model": "GigaChat-2"})
            assert (refused.status_code, refused.headers["connection"]) == (503, "close"), at
            assert int(refused.headers["retry-after"]) >= 1
    assert not any(task.done() for task in asking)
    await gigachat.say("release")
    heard = await asyncio.gather(*asking)
    assert [each.name for each in heard if not each.is_whole] == []
    assert await gateway.ended() == 0
    assert await books.states() == {"done": sizes.streams}
    assert len(set(await books.rows_of())) == sizes.streams
    await books.check_sums()
    assert tracebacks([gateway]) == []
