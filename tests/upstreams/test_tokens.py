"""Access tokens against a real token endpoint: one request for all, renewal, 401s, outages and recovery."""

import asyncio
import base64
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable

import pytest

from gigamost.core.errors import GatewayError, Problem
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import Credential
from gigamost.upstreams.credentials.faults import TokenFault
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.credentials.mtls import ClientCertificate
from gigamost.upstreams.credentials.static import Static
from gigamost.upstreams.tokens import TokenInfo, TokenSource
from gigamost.upstreams.transport import HttpTransport
from tests.upstreams.sockets import Peer, Seen, serving

KEY = Secret(base64.b64encode(b"client:secret").decode())
NOW = 1_700_000_000.0
LIFETIME = 1800.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Endpoint:
    """Issues token-1, token-2, ... that live 30 minutes by the clock; `status` other than 200 refuses; while `open` is
    not set nobody is answered."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.status = 200
        self.lifetime = LIFETIME
        self.open = asyncio.Event()
        self.open.set()
        self.numbers = itertools.count(1)

    async def __call__(self, request: Seen) -> tuple[int, bytes]:
        await self.open.wait()
        if self.status != 200:
            return self.status, b'{"code":6,"message":"credentials doesn\'t match db data"}'
        expires_at = int((self.clock.now + self.lifetime) * 1000)
        return 200, json.dumps({"access_token": f"token-{next(self.numbers)}", "expires_at": expires_at}).encode()


class World:
    """A token endpoint on a socket, and sources that ask it."""

    def __init__(self, transport: HttpTransport, clock: Clock, endpoint: Endpoint, peer: Peer) -> None:
        self.transport = transport
        self.clock = clock
        self.endpoint = endpoint
        self.peer = peer
        self.sources: list[TokenSource] = []

    def source(
        self, credential: Credential | None = None, *, fallback: Static | None = None, timeout: float = 5.0
    ) -> TokenSource:
        source = TokenSource(
            credential or GigaChatOAuth(KEY, url=self.peer.url),
            self.transport,
            now=self.clock,
            new_id=lambda: str(uuid.uuid4()),
            fallback=fallback,
            timeout=timeout,
        )
        self.sources.append(source)
        return source


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = Clock()
    transport = HttpTransport()
    endpoint = Endpoint(clock)
    async with serving(endpoint) as peer:
        world = World(transport, clock, endpoint, peer)
        yield world
        for source in world.sources:
            await source.close()
        await transport.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 (facts of the outside have no event)
            await asyncio.sleep(0.005)


async def text_of(source: TokenSource) -> str:
    token = await source.get()
    assert token is not None
    return token.reveal()


async def problem_of(source: TokenSource) -> Problem:
    with pytest.raises(GatewayError) as caught:
        await source.get()
    return caught.value.problem


async def test_token_is_asked_for_once_and_kept(world: World) -> None:
    source = world.source()
    assert source.info() == TokenInfo("none", None, None, "")
    assert [await text_of(source) for _ in range(3)] == ["token-1"] * 3
    (request,) = world.peer.seen
    assert request.headers["authorization"] == f"Basic {KEY.reveal()}"
    assert uuid.UUID(request.headers["rquid"]).version == 4
    assert request.body == b"scope=GIGACHAT_API_PERS"
    assert source.info() == TokenInfo("valid", NOW + LIFETIME, NOW, "")


async def test_all_who_wait_share_one_request(world: World) -> None:
    world.endpoint.open.clear()
    source = world.source()
    waiters = [asyncio.create_task(text_of(source)) for _ in range(200)]
    await until(lambda: len(world.peer.seen) == 1)
    assert source.info().state == "refreshing"
    world.endpoint.open.set()
    assert set(await asyncio.gather(*waiters)) == {"token-1"}
    assert len(world.peer.seen) == 1


async def test_cancelled_waiter_leaves_the_request_to_the_others(world: World) -> None:
    world.endpoint.open.clear()
    source = world.source()
    first, second = asyncio.create_task(text_of(source)), asyncio.create_task(text_of(source))
    await until(lambda: len(world.peer.seen) == 1)
    first.cancel()
    await until(first.done)
    world.endpoint.open.set()
    assert await second == "token-1"
    assert first.cancelled()
    assert len(world.peer.seen) == 1


async def test_expired_token_is_never_used(world: World) -> None:
    source = world.source()
    await source.get()
    world.clock.now += LIFETIME
    assert source.info().state == "none"
    assert await text_of(source) == "token-2"


async def test_token_is_renewed_a_minute_ahead_while_it_serves(world: World) -> None:
    source = world.source()
    await source.get()
    world.clock.now = NOW + LIFETIME - 61
    await source.get()
    assert len(world.peer.seen) == 1
    world.endpoint.open.clear()
    world.clock.now = NOW + LIFETIME - 59
    assert [await text_of(source) for _ in range(20)] == ["token-1"] * 20
    await until(lambda: len(world.peer.seen) == 2)
    assert await text_of(source) == "token-1"
    assert source.info().state == "valid"
    world.endpoint.open.set()
    await until(lambda: source.info().fetched_at == world.clock.now)
    assert await text_of(source) == "token-2"
    assert len(world.peer.seen) == 2


async def test_short_lived_token_serves_half_its_life_before_renewal(world: World) -> None:
    world.endpoint.lifetime = 10.0
    source = world.source()
    await source.get()
    world.clock.now += 4.9
    assert await text_of(source) == "token-1"
    assert len(world.peer.seen) == 1


async def test_failed_renewal_leaves_the_old_token_until_its_end(world: World) -> None:
    source = world.source()
    await source.get()
    world.endpoint.status = 503
    world.clock.now = NOW + LIFETIME - 30
    assert await text_of(source) == "token-1"
    await until(lambda: source.info().last_error != "")
    assert await text_of(source) == "token-1"
    assert source.info().state == "valid"
    world.clock.now = NOW + LIFETIME
    assert (await problem_of(source)).code == TokenFault.FAILED.value


async def test_many_401s_of_one_token_cause_one_request(world: World) -> None:
    source = world.source()
    old = await source.get()

    async def retry_after_401() -> str:
        source.reject(old)
        return await text_of(source)

    assert set(await asyncio.gather(*(retry_after_401() for _ in range(200)))) == {"token-2"}
    source.reject(old)  # a late one: its token is long gone
    assert await text_of(source) == "token-2"
    assert len(world.peer.seen) == 2


async def test_failure_answers_for_a_second_instead_of_new_requests(world: World) -> None:
    world.endpoint.status = 401
    source = world.source()
    problems = [await problem_of(source) for _ in range(50)]
    assert {problem.code for problem in problems} == {TokenFault.KEY_REFUSED.value}
    assert {problem.status for problem in problems} == {502}
    assert len(world.peer.seen) == 1
    assert source.info().state == "failed"
    assert "GIGACHAT_CREDENTIALS" in source.info().last_error


async def test_endpoint_is_not_asked_more_than_ten_times_a_second(world: World) -> None:
    source = world.source()
    for _ in range(6):
        source.reject(await source.get())
    moments = [request.at for request in world.peer.seen]
    assert len(moments) == 6
    assert moments[-1] - moments[0] >= 0.45


async def test_fallback_serves_while_the_endpoint_refuses(world: World) -> None:
    sources = []
    for status in (401, 403, 500, 503):
        world.endpoint.status = status
        source = world.source(fallback=Static(Secret("given")))
        assert await text_of(source) == "given"
        assert source.info().state == "fallback"
        assert f"HTTP {status}" in source.info().last_error
        sources.append(source)
    world.endpoint.status = 200
    await until(lambda: all(source.info().state == "valid" for source in sources))
    assert (await text_of(sources[0])).startswith("token-")


async def test_fallback_does_not_wait_for_an_endpoint_known_to_hang(world: World) -> None:
    world.endpoint.open.clear()
    source = world.source(fallback=Static(Secret("given")), timeout=0.1)
    assert await text_of(source) == "given"
    await until(lambda: len(world.peer.seen) >= 2)  # asked again in the background, and hanging
    getting = source.get()
    with pytest.raises(StopIteration) as done:  # it ends in its first step
        getting.send(None)
    assert done.value.value == Secret("given")


async def test_fallback_that_got_a_401_or_expired_is_not_used_again(world: World) -> None:
    world.endpoint.status = 503
    source = world.source(fallback=Static(Secret("given")))
    source.reject(await source.get())
    assert (await problem_of(source)).code == TokenFault.FAILED.value
    expiring = world.source(fallback=Static(Secret("given"), NOW + 5))
    assert await text_of(expiring) == "given"
    world.clock.now += 5
    assert (await problem_of(expiring)).code == TokenFault.FAILED.value
    assert expiring.info().state == "failed"


async def test_unreachable_endpoint_recovers_by_itself() -> None:
    clock = Clock()
    transport = HttpTransport()
    async with serving(Endpoint(clock)) as gone:
        pass
    source = TokenSource(
        GigaChatOAuth(KEY, url=gone.url), transport, now=clock, new_id=lambda: str(uuid.uuid4()), timeout=5.0
    )
    problem = await problem_of(source)
    assert (problem.status, problem.code) == (502, TokenFault.UNREACHABLE.value)
    assert "GIGACHAT_AUTH_URL" in problem.detail
    async with serving(Endpoint(clock), port=int(gone.url.rsplit(":", 1)[1])):
        await until(lambda: source.info().state == "valid")  # nobody asked for a token meanwhile
        assert source.info().last_error == ""
        assert await text_of(source) == "token-1"
        await source.close()
    await transport.close()


async def test_silent_endpoint_is_a_502_in_time(world: World) -> None:
    world.endpoint.open.clear()
    source = world.source(timeout=0.1)
    problem = await problem_of(source)
    assert (problem.status, problem.code) == (502, TokenFault.UNREACHABLE.value)


async def test_given_token_cannot_be_renewed(world: World) -> None:
    source = world.source(Static(Secret("given"), NOW + 60))
    token = await source.get()
    assert token == Secret("given")
    source.reject(token)
    problem = await problem_of(source)
    assert (problem.status, problem.code) == (502, TokenFault.NOT_RENEWABLE.value)
    assert "GIGACHAT_ACCESS_TOKEN" in problem.detail
    world.clock.now += 10  # the 401 may have been a mishap: it is tried again
    await until(lambda: source.info().state == "valid")
    expired = world.source(Static(Secret("given"), NOW))
    assert (await problem_of(expired)).code == TokenFault.NOT_RENEWABLE.value
    assert world.peer.seen == []


async def test_certificate_needs_no_token(world: World) -> None:
    source = world.source(ClientCertificate(b"pem"))
    assert await source.get() is None
    assert source.info().state == "valid"


async def test_clients_own_bad_credential_is_a_401_and_is_not_asked_for_again(world: World) -> None:
    world.endpoint.status = 401
    before = asyncio.all_tasks()
    source = world.source(GigaChatOAuth(KEY, url=world.peer.url, owner="client"))
    assert (await problem_of(source)).status == 401
    await until(lambda: asyncio.all_tasks() <= before)  # nothing goes on in the background


async def test_close_frees_those_who_wait(world: World) -> None:
    world.endpoint.open.clear()
    source = world.source()
    waiter = asyncio.create_task(problem_of(source))
    await until(lambda: len(world.peer.seen) == 1)
    await source.close()
    assert (await waiter).status == 503


async def test_token_is_never_shown(world: World) -> None:
    source = world.source(fallback=Static(Secret("given")))
    token = await source.get()
    assert token is not None
    assert "token-1" not in f"{source.info()!r} {token!r} {token}"
