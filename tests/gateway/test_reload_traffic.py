"""Credentials come, go and change their keys by file and by call under steady load: nothing fails, and a credential
that was taken out is never used again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from gigamost.emulator import COMPANY, Account
from tests.gateway.test_reload import Site, site_of, until
from tests.gateway.test_rotation import NEW, Traffic

STREAMS, REQUESTS = 20, 300
THIRD = msgspec.structs.replace(NEW, secret="emulated-newcomer")


class Streams:
    """So many at the same time, each one after the other, until they are stopped."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stopped = False
        self._tasks = [asyncio.create_task(self._stream()) for _ in range(STREAMS)]
        self.finished = 0

    async def _stream(self) -> None:
        while not self._stopped:
            words = "[[emulator: long=8; delay=0.005]] tell"
            stream: Any = await self._site.openai.chat.completions.create(
                model="GigaChat-2", messages=[{"role": "user", "content": words}], stream=True
            )
            chunks = [chunk async for chunk in stream]
            assert chunks[-1].choices[0].finish_reason == "stop"
            self.finished += 1

    async def stop(self) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)


def names(site: Site) -> list[str]:
    return [each.name for each in site.gateway.gateway.accounts.standings()]


async def reloaded(site: Site, change: Callable[[], None]) -> None:
    """By the file alone: nobody says anything."""
    reload = site.gateway.gateway.reload
    before = reload.last
    change()
    await until(lambda: reload.last is not before)
    assert reload.last.outcome == "applied", reload.last


async def gone(site: Site, old: Account, count: int) -> int:
    """Waits until what was replaced or removed has ended its requests. The number of the last one that it got, 0
    when that was so long ago that the emulator's log has forgotten it."""
    await until(lambda: len(names(site)) == count, 20)
    return max((seen.serial for seen in site.seen if seen.client_id == old.client_id), default=0)


async def test_credentials_change_under_load(tmp_path: Path) -> None:
    async with site_of(tmp_path) as site:
        a = site.credential("a", COMPANY, max_connections=10)
        b = site.credential("b", NEW, max_connections=10)
        await reloaded(site, lambda: site.credentials(a))
        streams, traffic = Streams(site), Traffic(site)
        await traffic.until(REQUESTS // 6)

        await reloaded(site, lambda: site.credentials(a, b))  # added
        since = len(site.seen)
        await traffic.until(REQUESTS // 6)
        assert NEW.client_id in {seen.client_id for seen in site.seen[since:]}

        assert (await site.http.post("/admin/api/upstreams/a/drain")).status_code == 200  # drained
        await until(lambda: not site.gateway.gateway.accounts.standings()[0].in_flight, 20)
        of_a = await gone(site, COMPANY, 2)
        await traffic.until(REQUESTS // 6)
        assert await gone(site, COMPANY, 2) in (of_a, 0)

        await reloaded(site, lambda: site.credentials(b))  # removed
        await gone(site, COMPANY, 1)
        await traffic.until(REQUESTS // 6)
        assert await gone(site, COMPANY, 1) in (of_a, 0)

        rotated = await site.http.post("/admin/api/upstreams/b/rotate", json={"key": COMPANY.credentials})
        assert rotated.status_code == 200  # replaced by a call
        of_b = await gone(site, NEW, 1)
        await traffic.until(REQUESTS // 6)
        assert await gone(site, NEW, 1) in (of_b, 0)

        third = site.credential("b", NEW, max_connections=9)
        await reloaded(site, lambda: site.credentials(third))  # the key stays as it was rotated, the limit does not
        await traffic.until(REQUESTS // 6)
        assert await gone(site, NEW, 1) in (of_b, 0)

        await traffic.stop()
        await streams.stop()
        assert traffic.answers >= REQUESTS
        assert streams.finished >= STREAMS
        assert {seen.status for seen in site.seen} == {200}


async def test_a_request_that_waits_for_its_turn_goes_where_the_credential_went(tmp_path: Path) -> None:
    """It had chosen the old one before, and must not be sent with it."""
    async with site_of(tmp_path) as site:
        await reloaded(site, lambda: site.credentials(site.credential("a", COMPANY, max_connections=1)))
        holding = asyncio.create_task(_ask(site, "[[emulator: long=300; delay=0.01]] tell", stream=True))
        await until(lambda: len(site.seen) == 1)
        waiting = [asyncio.create_task(_ask(site, f"{at}")) for at in range(5)]
        account = site.gateway.gateway.accounts.operator[0]
        await until(lambda: account.gate.snapshot().waiting == 5)
        await reloaded(site, lambda: site.credentials(site.credential("b", NEW, max_connections=1)))
        assert (await holding) == "stop"
        assert await asyncio.gather(*waiting) == ["stop"] * 5
        # Removed, and the course that they were on has no other: they are not failed for that.
        assert {seen.status for seen in site.seen} == {200}
        assert (await _ask(site, "new"), site.seen[-1].client_id) == ("stop", NEW.client_id)

        since = len(site.seen)
        holding = asyncio.create_task(_ask(site, "[[emulator: long=300; delay=0.01]] tell", stream=True))
        await until(lambda: len(site.seen) == since + 1)
        waiting = [asyncio.create_task(_ask(site, f"{at}")) for at in range(5)]
        account = site.gateway.gateway.accounts.operator[0]
        await until(lambda: account.gate.snapshot().waiting == 5)
        rotated = await site.http.post("/admin/api/upstreams/b/rotate", json={"key": COMPANY.credentials})
        assert rotated.status_code == 200
        assert await asyncio.gather(holding, *waiting) == ["stop"] * 6
        assert [seen.client_id for seen in site.seen[since + 1 :]] == [COMPANY.client_id] * 5


async def _ask(site: Site, text: str, *, stream: bool = False) -> str:
    """How the answer ended."""
    answer: Any = await site.openai.chat.completions.create(
        model="GigaChat-2", messages=[{"role": "user", "content": text}], stream=stream
    )
    last = [chunk async for chunk in answer][-1] if stream else answer
    return str(last.choices[0].finish_reason)
