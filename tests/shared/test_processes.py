"""Four gateways in four processes: what they share, they share exactly (R7 and R11 of the reliability table)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic, time
from typing import Any

from tests.shared.server import RedisServer
from tests.upstreams.sockets import Peer, Seen, serving

PROCESSES = 4


class Gateway:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, *words: object) -> Any:
        """Sends one command. The answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> Any:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        assert line, "the process ended"
        return json.loads(line)


@asynccontextmanager
async def processes(
    redis: RedisServer, group: str, endpoint: str = "http://127.0.0.1:9/"
) -> AsyncIterator[list[Gateway]]:
    made: list[Gateway] = []
    redis.say("SET", f"{{gigamost {group}}}:born", "0")  # what they hold is long known
    try:
        for number in range(PROCESSES):
            words = (redis.url.reveal(), group, f"gateway-{number}", str(PROCESSES), endpoint)
            pipe = asyncio.subprocess.PIPE
            made.append(
                Gateway(
                    await asyncio.create_subprocess_exec(
                        sys.executable, "-m", "tests.shared.worker", *words, stdin=pipe, stdout=pipe
                    )
                )
            )
        assert [await gateway.answer() for gateway in made] == ["shared"] * PROCESSES
        yield made
    finally:
        for gateway in made:
            assert gateway.process.stdin is not None
            gateway.process.stdin.close()
        for gateway in made:
            await asyncio.wait_for(gateway.process.wait(), 15)


async def test_500_requests_on_four_gateways_get_100(redis: RedisServer) -> None:
    async with processes(redis, "windows") as gateways:
        admitted = await asyncio.gather(*(gateway.ask("take", 125, 100) for gateway in gateways))
        assert sum(admitted) == 100
        assert {await gateway.ask("mode") for gateway in gateways} == {"shared"}


class Endpoint:
    """Issues token-1, token-2, ..., each after a while, so that everybody has come meanwhile."""

    def __init__(self) -> None:
        self.numbers = count(1)

    async def __call__(self, request: Seen) -> tuple[int, bytes]:
        await asyncio.sleep(0.5)
        expires = int((time() + 1800) * 1000)
        return 200, json.dumps({"access_token": f"token-{next(self.numbers)}", "expires_at": expires}).encode()


async def test_1000_waiting_on_four_gateways_cause_one_request(redis: RedisServer) -> None:
    async with serving(Endpoint()) as peer, processes(redis, "tokens", peer.url) as gateways:
        assert await all_of(gateways, "tokens") == {"token-1"}
        assert calls(peer) == 1
        assert await all_of(gateways, "refused") == {"token-2"}
        assert calls(peer) == 2
        assert await all_of(gateways, "tokens") == {"token-2"}
        assert calls(peer) == 2
        assert b"token-" not in everything(redis)


async def all_of(gateways: list[Gateway], command: str) -> set[str]:
    found = await asyncio.gather(*(gateway.ask(command, 250) for gateway in gateways))
    assert [len(each) for each in found] == [250] * PROCESSES
    return {token for each in found for token in each}


def calls(peer: Peer) -> int:
    return len(peer.seen)


def everything(redis: RedisServer) -> bytes:
    """Every token that is in Redis, as it is there."""
    names = [line for line in redis.say("KEYS", "*token:*:token").split(b"\r\n") if line.startswith(b"{")]
    assert names
    return b"".join(redis.say("HGETALL", name.decode()) for name in names)


async def test_token_request_that_died_with_its_gateway_is_made_by_another(redis: RedisServer) -> None:
    async with serving(Endpoint()) as peer, processes(redis, "dying", peer.url) as gateways:
        first, *others = gateways
        dying = asyncio.create_task(first.ask("tokens", 1))
        while not peer.seen:  # noqa: ASYNC110 (nothing says that it has come)
            await asyncio.sleep(0.005)
        waiting = [asyncio.create_task(gateway.ask("tokens", 10)) for gateway in others]
        await asyncio.sleep(0.1)
        first.process.send_signal(signal.SIGKILL)
        found = await asyncio.gather(*waiting)
        assert {token for each in found for token in each} == {"token-2"}
        assert calls(peer) == 2
        await asyncio.gather(dying, return_exceptions=True)


async def test_places_of_a_killed_gateway_come_free(redis: RedisServer) -> None:
    async with processes(redis, "places") as gateways:
        first, second = gateways[:2]
        assert await first.ask("hold", 10, 10) == 10
        waiting = asyncio.create_task(second.ask("hold", 10, 10))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        began = monotonic()
        assert first.process.pid is not None
        os.kill(first.process.pid, signal.SIGKILL)
        assert await waiting == 10
        assert monotonic() - began < 2.5  # lease and beat of the worker's pace, and some
