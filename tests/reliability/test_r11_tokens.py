"""R11: a token expires, or is refused, with everybody waiting for it on four gateways: GigaChat is asked for one."""

import asyncio
from collections import Counter
from pathlib import Path
from time import monotonic

from gigamost.store.place import Postgres
from tests.reliability import processes
from tests.reliability.books import until
from tests.reliability.clients import Question, ask_all
from tests.reliability.processes import GigaChat, Site
from tests.reliability.sizes import Sizes
from tests.shared.server import RedisServer


async def everybody(site: Site, count: int, name: str) -> Counter[int]:
    questions = [Question(site.gateways[at % 4], f"{name}-{at}", stream=at % 2 == 0) for at in range(count)]
    heard = await ask_all(questions)
    print({each.body[:200] for each in heard if each.status != 200})
    assert all(each.is_whole for each in heard if each.status == 200)
    return Counter(each.status for each in heard)


async def test_one_request_serves_all_that_wait(site: Site, gigachat: GigaChat, sizes: Sizes) -> None:
    await site.start(4)
    assert await everybody(site, sizes.waiting, "start") == {200: sizes.waiting}
    assert await gigachat.say("oauth") == 1

    await gigachat.say("revoke")  # everybody holds a token that gets a 401
    assert await everybody(site, sizes.waiting, "revoked") == {200: sizes.waiting}
    assert await gigachat.say("oauth") == 2

    running = asyncio.create_task(everybody(site, sizes.waiting, "middle"))
    enough = 2 * sizes.waiting + sizes.waiting // 4

    async def is_in_the_middle() -> bool:
        return bool(sum((await gigachat.say("statuses")).values()) >= enough)

    await until(is_in_the_middle, "a quarter has been answered")
    await gigachat.say("revoke")  # in the middle
    assert await running == {200: sizes.waiting}
    # Whoever was let in before the token ended did not see it end: these did, all of them.
    assert await everybody(site, 8, "last") == {200: 8}
    assert await gigachat.say("oauth") == 3


async def test_an_expired_token_is_renewed_once(
    tmp_path: Path, database: Postgres, redis: RedisServer, sizes: Sizes
) -> None:
    """By the clock, with nobody there who could have renewed it before its end."""
    shared = {"GIGAMOST_DATABASE_URL": database.url.reveal(), "GIGAMOST_REDIS_URL": redis.url.reveal()}
    async with (
        processes.gigachat(sizes.token_lifetime) as gigachat,
        processes.site(tmp_path, gigachat, **shared) as site,
    ):
        await site.start(4)
        assert await everybody(site, 8, "before") == {200: 8}
        issued = await gigachat.say("oauth")
        await asyncio.sleep(sizes.token_lifetime)  # this is what is shown
        began = monotonic()
        assert await everybody(site, sizes.waiting, "after") == {200: sizes.waiting}
        took = monotonic() - began
        # Half way through its life a token is renewed ahead of time: a run so slow may need one more.
        most = 1 + int(took // (sizes.token_lifetime / 2))
        assert 1 <= await gigachat.say("oauth") - issued <= most
